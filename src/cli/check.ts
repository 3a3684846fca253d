import { userInfo } from 'node:os';
import { checkAgentx } from '../check/agentx.ts';
import { checkSnapshot } from '../check/collectors.ts';
import { type Finding, findingLine } from '../check/finding.ts';
import { checkHttp } from '../check/http.ts';
import { checkLibvirt } from '../check/libvirt.ts';
import { checkPush } from '../check/push.ts';
import { checkSnmp } from '../check/snmp.ts';
import { snmpTarget } from '../check/snmp-options.ts';
import { checkState } from '../check/state.ts';
import type { Config } from '../config/config.ts';
import { ConfigError, issueText } from '../config/config-error.ts';
import type { HypervisorConfig } from '../config/hypervisor-configs.ts';
import type { LoadedConfig } from '../config/load.ts';
import { errorText } from '../errors.ts';
import { silentLogger } from '../log.ts';
import { collectOnce } from '../one-shot.ts';
import { exitCodes } from './exit-codes.ts';
import { chosenHypervisors } from './hypervisors.ts';
import { configFrom } from './options.ts';
import { programVersion } from './version.ts';

/** How long libvirt may take for everything that is asked of it. */
const libvirtTimeoutMs = 60_000;

type Section = () => Promise<readonly Finding[]>;

/**
 * Looks for what stands in the way of the agent and prints a line for each finding, as soon as it is known.
 * Resolves with 0 if nothing failed, 78 if the configuration is not usable, else 69.
 */
export async function check(options: Readonly<Record<string, unknown>>): Promise<number> {
  const target = snmpTarget(options);
  let loaded: LoadedConfig;
  try {
    loaded = await configFrom(options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    print(error.issues.map((issue) => ({ level: 'fail', subject: 'configuration', text: issueText(issue) })));
    return exitCodes.config;
  }
  const { config } = loaded;
  const version = programVersion();
  const chosen = chosenHypervisors(config, options, 'all');
  const sections: readonly Section[] = [
    async () => [configFinding(loaded), userFinding()],
    ...chosen.flatMap((one) => [
      async () => named(one, await checkState(one.config)),
      async () => named(one, await libvirtFindings(one.config, version)),
    ]),
    () => checkHttp(config),
    () => checkPush(config),
    () => checkAgentx(config, version),
    async () => (target === undefined ? [] : [await checkSnmp(config, target)]),
  ];
  const findings: Finding[] = [];
  for (const section of sections) {
    const found = await section();
    print(found);
    findings.push(...found);
  }
  const failed = findings.filter(({ level }) => level === 'fail').length;
  const warned = findings.filter(({ level }) => level === 'warn').length;
  process.stdout.write(`${failed} failed, ${warned} to look at, ${findings.length} checked\n`);
  return failed === 0 ? exitCodes.ok : exitCodes.unavailable;
}

function print(findings: readonly Finding[]): void {
  for (const finding of findings) process.stdout.write(`${findingLine(finding)}\n`);
}

function configFinding({ file, origins }: LoadedConfig): Finding {
  const given = [...origins].map(([key, origin]) => (origin === 'file' ? key : `${key} (${origin})`));
  const what = given.length === 0 ? 'all settings at their defaults' : `sets ${given.join(', ')}`;
  return { level: 'ok', subject: 'configuration', text: `${file ?? 'no file'}: ${what}` };
}

/** Permissions are those of whoever runs the check. */
function userFinding(): Finding {
  const uid = process.getuid?.();
  const name = userName();
  const advice = uid === 0 ? '; run it as the user of the agent to see what that one may do' : '';
  return { level: 'ok', subject: 'user', text: `checked as ${name}${advice}` };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** What is found of one of several hypervisors says of which. */
function named({ name }: HypervisorConfig, findings: readonly Finding[]): readonly Finding[] {
  return name === '' ? findings : findings.map((each) => ({ ...each, subject: `${each.subject} ${name}` }));
}

async function libvirtFindings(config: Config, version: string): Promise<readonly Finding[]> {
  const signal = AbortSignal.timeout(libvirtTimeoutMs);
  const reached = await checkLibvirt(config, signal);
  if (reached.some(({ level }) => level === 'fail')) return reached;
  try {
    const snapshot = await collectOnce({ config, logger: silentLogger, version, signal });
    return [...reached, ...checkSnapshot(snapshot)];
  } catch (error) {
    const remedy = signal.aborted
      ? 'libvirt or a hypervisor process hangs: does virsh -r list --all answer?'
      : 'See the log of the libvirt daemon.';
    return [
      ...reached,
      { level: 'fail', subject: 'collect', text: `collecting failed: ${errorText(error)}`, remedy },
    ];
  }
}
