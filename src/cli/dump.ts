import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { DaemonError, errorText } from '../errors.ts';
import type { DumpedTree } from '../faces/dumped.ts';
import { toJson, walkLines } from '../mib/print.ts';
import { ServedMib } from '../mib/served-mib.ts';
import { collectOnce } from '../one-shot.ts';
import { systemClock } from '../run/clock.ts';
import type { ReadContext } from '../tree/tree.ts';
import { exitCodes } from './exit-codes.ts';
import { chosenHypervisors } from './hypervisors.ts';
import { makeLogger } from './logger.ts';
import { configFrom } from './options.ts';
import { programVersion } from './version.ts';

/**
 * Collects once and prints what an SNMP walk would show. Needs libvirt, but no snmpd. Of several hypervisors it is the one
 * that is named, or the default one; metrics are those of all unless one is named.
 */
export async function dump(options: Readonly<Record<string, unknown>>): Promise<number> {
  const { config } = await configFrom(options);
  const level = options['logLevel'] === undefined ? 'warn' : config.log.level;
  const logger = await makeLogger({ ...config.log, level }, { terminal: process.stderr.isTTY });
  const signal = AbortSignal.timeout(60_000);
  const { format } = options;
  const isCompressed = options['compress'] === true;
  if (isCompressed && format !== 'hv-monitor') {
    throw new DaemonError('USAGE', '--compress is for --format hv-monitor; for others: | gzip');
  }
  const isMetrics = format === 'prometheus' || format === 'influx' || format === 'hv-monitor';
  // The report of hv-monitor is of one host.
  const isOfAll = format === 'prometheus' || format === 'influx';
  const wanted = chosenHypervisors(config, options, isOfAll ? 'all' : 'default');
  const version = programVersion();
  // Metrics tell what is in VM-MIB whether or not SNMP does.
  const mibOptions = { ...config.mib, vmMib: config.mib.vmMib || isMetrics };
  const dumped: (DumpedTree & { readonly mib: ServedMib })[] = [];
  for (const { name, config: own } of wanted) {
    const collected = collectOnce({ config: own, logger, version, signal });
    const snapshot = await collected.catch(async (error: unknown) => {
      // LibreNMS shows the reason; the last good file would look like the truth.
      if (format === 'hv-monitor') {
        const { failedDump } = await import('../faces/dumped.ts');
        await print([packed(failedDump(errorText(error)), isCompressed)]);
      }
      throw error;
    });
    const mib = new ServedMib(mibOptions);
    const tree = mib.buildTree(snapshot);
    dumped.push({
      name: wanted.length > 1 ? name : '',
      mib,
      slots: mib.slots,
      tree,
      uri: snapshot.agent.uri,
    });
  }
  const now = systemClock.now();
  if (isMetrics) {
    // Only these need what knows the names of metrics.
    const { dumpedAs } = await import('../faces/dumped.ts');
    await print([packed(dumpedAs(format, dumped, now, config, version), isCompressed)]);
    return exitCodes.ok;
  }
  const context: ReadContext = { now, masterStartedAt: undefined };
  for (const { tree } of dumped) {
    if (format === 'json') {
      await print([`${JSON.stringify(toJson(tree, context), bigintAsText, 2)}\n`]);
    } else {
      const only = options['only'];
      await print(linesOf(walkLines(tree, context), typeof only === 'string' ? only : undefined));
    }
  }
  return exitCodes.ok;
}

function packed(text: string | Buffer, isCompressed: boolean): string | Buffer {
  return isCompressed ? `${gzipSync(text).toString('base64')}\n` : text;
}

/** JSON has no integers beyond 2^53: these are written as text. */
function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function* linesOf(lines: Iterable<string>, wanted: string | undefined): Generator<string> {
  for (const line of lines) {
    if (wanted === undefined || line.includes(`::${wanted}`)) yield `${line}\n`;
  }
}

/** Writes to stdout and waits until it is out; a reader that went away (`| head`) is no error. */
async function print(chunks: Iterable<string | Buffer>): Promise<void> {
  const source = Readable.from(chunks);
  source.pipe(process.stdout, { end: false });
  process.stdout.on('error', () => source.destroy());
  await finished(source).catch(() => undefined);
}
