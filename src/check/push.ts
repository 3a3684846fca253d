import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Config } from '../config/config.ts';
import { errorText } from '../errors.ts';
import { type Outcome, post, type Target } from '../push/delivery.ts';
import { influxTarget } from '../push/influx-push.ts';
import { type OtlpOptions, otlpTarget } from '../push/otlp-push.ts';
import type { Finding } from './finding.ts';
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
    return { level: 'ok', subject, text: `${where} does not refuse datagrams; UDP tells no more` };
  }
  return {
    level: 'fail',
    subject,
    text: `${where} refuses datagrams: ${refusal}`,
    remedy: 'Start the StatsD server, or correct statsd.host and statsd.port.',
  };
}

/** Sends an empty datagram, which StatsD servers pass over. */
function datagramRefusal(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const end = (refusal: string | undefined): void => {
      clearTimeout(timer);
      socket.close();
      resolve(refusal);
    };
    const timer = setTimeout(() => end(undefined), refusalMs);
    socket.once('error', (error) => end(errorText(error)));
    socket.connect(port, address, () => socket.send(''));
  });
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
    return {
      level: 'fail',
      subject,
      text: `${key} ${secret} cannot be read: ${errorText(error)}`,
      remedy: "Make it readable for the agent's user; its first line is the secret.",
    };
  }
  const { hostname } = new URL(written.url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const address = await addressOf(host);
  if (address instanceof Error) return unresolved(subject, host, address, `${subject}.url`);
  const where = `${written.url} (${address})`;
  const outcome = await post(target, body, AbortSignal.timeout(60_000));
  if (isTaken(outcome)) return { level: 'ok', subject, text: `${where} takes writes` };
  const reason = outcome.kind === 'taken' ? '' : outcome.reason;
  return {
    level: 'fail',
    subject,
    text: `${where} does not take writes: ${reason}`,
    remedy: remedyFor(subject, reason, secret !== ''),
  };
}

/** InfluxDB 2 has looked at everything before it finds that there is no point. */
function isTaken(outcome: Outcome): boolean {
  return outcome.kind === 'taken' || /^400 .*writing requires points/s.test(outcome.reason);
}

function remedyFor(subject: WriteSubject, reason: string, hasSecret: boolean): string {
  const status = Number(/^\d{3}(?= |$)/.exec(reason)?.[0]);
  if (status === 401 || status === 403) {
    return hasSecret
      ? `Correct ${subject}.user and ${subject}.password_file, or ${subject}.token_file; the server does not accept them for writing.`
      : `Set ${subject}.user and ${subject}.password_file, or ${subject}.token_file.`;
  }
  if (status === 404) {
    return subject === 'influxdb'
      ? 'Create the database (or bucket) there, or correct influxdb.database, influxdb.bucket and the path of influxdb.url.'
      : 'Correct the path of otlp.url, which /v1/metrics is put behind; Prometheus needs its OTLP receiver switched on.';
  }
  if (subject === 'otlp' && (status === 400 || status === 415)) {
    return 'Set otlp.encoding to what the receiver takes: every receiver takes "protobuf".';
  }
  if (status >= 300 && status < 400) return `Set ${subject}.url to where the server redirects to.`;
  if (status >= 500) return 'See what the log of the server says.';
  if (/certificate|self.signed|issuer/i.test(reason)) {
    return 'Have the environment of the agent name the authority of the server: NODE_EXTRA_CA_CERTS=/path/ca.pem.';
  }
  return `Start the server, open its port for this host, or correct ${subject}.url.`;
}

async function addressOf(host: string): Promise<string | Error> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    return error as Error;
  }
}

function unresolved(subject: string, host: string, error: Error, setting: string): Finding {
  return {
    level: 'fail',
    subject,
    text: `${host} is not known to the resolver: ${errorText(error)}`,
    remedy: `Correct ${setting}, or the resolver of this host.`,
  };
}

function shown(host: string, address: string): string {
  return host === address ? host : `${host} (${address})`;
}
