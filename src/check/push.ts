import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Config } from '../config/config.ts';
import { errorText } from '../errors.ts';
import { type Outcome, post, type Target } from '../push/delivery.ts';
import { influxTarget } from '../push/influx-push.ts';
import { type OtlpOptions, otlpTarget } from '../push/otlp-push.ts';
import { late, within } from '../run/deadline.ts';
import { type Finding, foundProblem, inOrder } from './finding.ts';
import type { ProblemName } from './problems.ts';
import { secretModeFinding } from './secret-mode.ts';

/** A datagram that nobody listens for comes back at once, if at all. */
const refusalMs = 300;

/** An empty write: it is judged as every other, and writes nothing. In Protocol Buffers that is nothing as well. */
const nothing = Buffer.alloc(0);
const nothingInJson = Buffer.from('{"resourceMetrics":[]}');

/** Whether what is sent by itself arrives. Targets that are not configured are not mentioned. */
export async function checkPush({ statsd, influxdb, otlp }: Config): Promise<readonly Finding[]> {
  const found = await Promise.all([
    statsd.host === '' ? [] : statsdFinding(statsd.host, statsd.port),
    influxdb.url === '' ? [] : writeFindings('influxdb', influxdb, influxTarget(influxdb), gzipSync(nothing)),
    otlp.url === '' ? [] : writeFindings('otlp', otlp, otlpTarget(otlp), emptyRequest(otlp)),
  ]);
  return found.flat();
}

function emptyRequest({ encoding, compression }: OtlpOptions): Uint8Array {
  const body = encoding === 'json' ? nothingInJson : nothing;
  return compression === 'gzip' ? gzipSync(body) : body;
}

async function statsdFinding(host: string, port: number): Promise<Finding> {
  const subject = 'statsd';
  const address = await addressOf(host);
  if (address instanceof Error) return unresolved(subject, host, address, 'statsd.host');
  const where = `${shown(host, address)} port ${port}`;
  const refusal = await datagramRefusal(address, port);
  if (refusal === undefined) {
    return inOrder(subject, `${where} does not refuse datagrams; UDP tells no more`);
  }
  return foundProblem(subject, `${where} refuses datagrams: ${refusal}`, 'statsd-refuses');
}

/** Sends an empty datagram, which StatsD servers pass over. */
async function datagramRefusal(address: string, port: number): Promise<string | undefined> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const refused = new Promise<string>((resolve) =>
    socket.once('error', (error) => resolve(errorText(error))),
  );
  socket.connect(port, address, () => socket.send(''));
  const refusal = await within(refusalMs, refused);
  socket.close();
  return refusal === late ? undefined : refusal;
}

type WriteSubject = 'influxdb' | 'otlp';

interface Written {
  readonly url: string;
  readonly user: string;
  readonly passwordFile: string;
  readonly tokenFile: string;
}

async function writeFindings(
  subject: WriteSubject,
  written: Written,
  target: Target,
  body: Uint8Array,
): Promise<readonly Finding[]> {
  const mode = await secretModeFinding(subject, written.passwordFile || written.tokenFile);
  return [await writeFinding(subject, written, target, body), ...(mode === undefined ? [] : [mode])];
}

async function writeFinding(
  subject: WriteSubject,
  written: Written,
  target: Target,
  body: Uint8Array,
): Promise<Finding> {
  const secret = written.passwordFile || written.tokenFile;
  try {
    await target.headers();
  } catch (error) {
    const key = `${subject}.${written.passwordFile === '' ? 'token_file' : 'password_file'}`;
    const text = `${key} ${secret} cannot be read: ${errorText(error)}`;
    return foundProblem(subject, text, 'push-secret-unreadable');
  }
  const { hostname } = new URL(written.url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const address = await addressOf(host);
  if (address instanceof Error) return unresolved(subject, host, address, `${subject}.url`);
  const where = `${written.url} (${address})`;
  const outcome = await post(target, body);
  if (isTaken(outcome)) return inOrder(subject, `${where} takes writes`);
  const reason = outcome.kind === 'taken' ? '' : outcome.reason;
  const text = `${where} does not take writes: ${reason}`;
  return foundProblem(subject, text, problemOf(subject, reason, secret !== ''), { section: subject });
}

/** InfluxDB 2 has looked at everything before it finds that there is no point. */
function isTaken(outcome: Outcome): boolean {
  return outcome.kind === 'taken' || /^400 .*writing requires points/s.test(outcome.reason);
}

function problemOf(subject: WriteSubject, reason: string, hasSecret: boolean): ProblemName {
  const status = Number(/^\d{3}(?= |$)/.exec(reason)?.[0]);
  if (status === 401 || status === 403) return hasSecret ? 'push-secret-refused' : 'push-secret-wanted';
  if (status === 404) return subject === 'influxdb' ? 'influxdb-not-found' : 'otlp-not-found';
  if (subject === 'otlp' && (status === 400 || status === 415)) return 'otlp-encoding';
  if (status >= 300 && status < 400) return 'push-redirected';
  if (status >= 500) return 'push-server-error';
  return /certificate|self.signed|issuer/i.test(reason) ? 'push-untrusted' : 'push-unreachable';
}

async function addressOf(host: string): Promise<string | Error> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    return error as Error;
  }
}

function unresolved(subject: string, host: string, error: Error, setting: string): Finding {
  const text = `${host} is not known to the resolver: ${errorText(error)}`;
  return foundProblem(subject, text, 'push-host-unknown', { setting });
}

function shown(host: string, address: string): string {
  return host === address ? host : `${host} (${address})`;
}
