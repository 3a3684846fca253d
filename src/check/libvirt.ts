import { versionText } from '../collect/sources/host-identity.ts';
import type { Config } from '../config/config.ts';
import { saslSettings } from '../config/sections/libvirt.ts';
import { type Advice, advise, ConnectionFailedError, errorText } from '../errors.ts';
import { LibvirtConnection } from '../libvirt/connection.ts';
import { isAccessDenied } from '../libvirt/libvirt-error.ts';
import { libvirtProblems } from '../libvirt/problems.ts';
import { connectGetLibVersion, connectGetType, connectGetVersion } from '../libvirt/procedures.ts';
import { credentialFiles, type SaslSettings } from '../libvirt/sasl/credentials.ts';
import { hostAndPort } from '../libvirt/transports/tcp.ts';
import type { ConnectTarget } from '../libvirt/uri.ts';
import { silentLogger } from '../log.ts';
import { type Finding, failure, inOrder } from './finding.ts';
import { secretModeFinding } from './secret-mode.ts';
import { pathProblem } from './socket-path.ts';

const subject = 'libvirt';

const openTimeoutMs = 10_000;

/** Whether the libvirt daemon can be reached, which one it is and over which socket. */
export async function checkLibvirt(config: Config, signal: AbortSignal): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const { uri, readWrite } = config.libvirt;
  findings.push(inOrder(subject, `URI ${uri.shown}, ${wayOf(uri.readOnly)}`));
  const sasl = saslSettings(config.libvirt);
  const targets = readWrite ? [uri.readOnly, uri.readWrite] : [uri.readOnly];
  const secrets = targets.flatMap(({ login, keys }) => [...credentialFiles(sasl, login), ...keys]);
  for (const path of new Set(secrets)) {
    const open = await secretModeFinding(subject, path);
    if (open !== undefined) findings.push(open);
  }
  findings.push(await checkOpen(uri.readOnly, true, sasl, signal));
  if (readWrite) findings.push(await checkOpen(uri.readWrite, false, sasl, signal));
  return findings;
}

async function checkOpen(
  target: ConnectTarget,
  readOnly: boolean,
  sasl: SaslSettings,
  signal: AbortSignal,
): Promise<Finding> {
  const mode = readOnly ? 'read-only' : 'read-write';
  try {
    await using connection = await LibvirtConnection.open(target, {
      readOnly,
      sasl,
      logger: silentLogger,
      signal,
      openTimeoutMs,
    });
    const options = { timeoutMs: openTimeoutMs };
    const [daemon, type, version] = await Promise.all([
      connection.call(connectGetLibVersion, undefined, options),
      connection.call(connectGetType, undefined, options),
      connection.call(connectGetVersion, undefined, options).catch(() => undefined),
    ]);
    const hypervisor = version === undefined ? type : `${type} ${versionText(Number(version))}`;
    const text = `${mode} over ${connection.peer}: libvirt ${versionText(Number(daemon))}, hypervisor ${hypervisor}`;
    return inOrder(subject, text);
  } catch (error) {
    return failure(subject, `${mode}: ${errorText(error)}`, await adviceOn(error, target));
  }
}

async function adviceOn(error: unknown, target: ConnectTarget): Promise<Advice | undefined> {
  if (target.transport.kind === 'unix') {
    for (const path of target.transport.sockets) {
      const problem = await pathProblem(path);
      if (problem?.kind === 'directory') {
        return advise(libvirtProblems, 'libvirt-directory-not-permitted', problem);
      }
    }
  }
  if (error instanceof ConnectionFailedError) return error.advice;
  if (isAccessDenied(error)) return advise(libvirtProblems, 'libvirt-access-denied');
  const known = refusals.find(({ text }) => text.test(errorText(error)));
  return advise(libvirtProblems, known?.problem ?? 'libvirt-refuses');
}

/** libvirt has numbers for kinds of errors only; what it is about is in its text, which it does not translate for us. */
const refusals = [
  { text: /(user|group) record/i, problem: 'libvirt-user-unknown' },
  { text: /no connection driver|not built with|unsupported .*driver/i, problem: 'libvirt-driver-missing' },
] as const;

function wayOf({ transport }: ConnectTarget): string {
  switch (transport.kind) {
    case 'unix':
      return `socket ${transport.sockets.join(' or ')}`;
    case 'tcp':
    case 'tls':
      return `${transport.kind} ${hostAndPort(transport.host, transport.port)}`;
    case 'command':
      return `command ${transport.file}`;
  }
}
