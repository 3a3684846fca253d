import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { parseExposition } from '../../support/exposition.ts';

/*
 * tsx test/bench/children/prom-client.ts --module PATH: what an exporter with prom-client spends. For each URL of /metrics
 * on standard input it sets its metrics to what is served there, and has them rendered; prints a line of JSON, see
 * PromClientRound.
 */

/** What a round took. */
export interface PromClientRound {
  readonly samples: number;
  /** CPU time of setting all values, and of rendering them, in milliseconds. */
  readonly setMs: number;
  readonly renderMs: number;
}

interface PromClient {
  readonly Registry: new () => Registry;
  readonly Gauge: new (options: object) => Gauge;
}

interface Registry {
  metrics(): Promise<string>;
}

interface Gauge {
  set(labels: Readonly<Record<string, string>>, value: number): void;
}

const { values } = parseArgs({ options: { module: { type: 'string', default: '' } } });
const { Registry, Gauge } = ((await import(values.module)) as { readonly default: PromClient }).default;
const registry = new Registry();
const gauges = new Map<string, Gauge>();

function cpuNowMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A metric needs all the labels that one of its samples may have. */
function declare(samples: ReturnType<typeof parseExposition>): void {
  const labelNames = new Map<string, Set<string>>();
  for (const { name, labels } of samples) {
    const names = labelNames.get(name) ?? new Set();
    for (const label of Object.keys(labels)) names.add(label);
    labelNames.set(name, names);
  }
  for (const [name, names] of labelNames) {
    gauges.set(name, new Gauge({ name, help: name, labelNames: [...names], registers: [registry] }));
  }
}

for await (const url of createInterface({ input: process.stdin })) {
  const samples = parseExposition(await (await fetch(url)).text());
  if (gauges.size === 0) declare(samples);
  const fromMs = cpuNowMs();
  for (const { name, labels, value } of samples) gauges.get(name)?.set(labels, value);
  const setMs = cpuNowMs();
  const text = await registry.metrics();
  const renderedMs = cpuNowMs();
  const round: PromClientRound = {
    samples: text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length,
    setMs: setMs - fromMs,
    renderMs: renderedMs - setMs,
  };
  process.stdout.write(`${JSON.stringify(round)}\n`);
}
