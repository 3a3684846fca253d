import type { Reading } from '../../src/families/reading.ts';
import type { SnmpMetric } from './snmp-metric.ts';

/** The two forms of snmp_exporter's files: auths beside modules since 0.23, within them before. */
export type SnmpFormat = '0.21' | '0.23';

/** What the generator is told of one object beside its MIB; property names are those of generator.yml. */
export interface ValueRule {
  readonly type?: string;
  readonly scale?: number;
  readonly offset?: number;
  /** By what is added to the name; the first pattern that matches gives the value. */
  readonly regex_extracts?: Readonly<Record<string, readonly Extract[]>>;
}

interface Extract {
  readonly regex: string;
  readonly value: string;
}

/** How a value becomes what /metrics has; undefined if it is that already. */
export function valueRule(metric: SnmpMetric, format: SnmpFormat): ValueRule | undefined {
  const { series, name, definition } = metric;
  // A text that is a number with names is told by its name.
  if (series === undefined) return definition.kind === 'enum' ? { type: 'EnumAsInfo' } : undefined;
  const [only] = series;
  if (series.length > 1 || only === undefined) {
    return byPattern(
      Object.fromEntries(series.map((one) => [one.name.slice(name.length), patternsOf(one.reading)])),
    );
  }
  const { reading } = only;
  const factor = factorOf(reading, definition.kind);
  if (definition.kind === 'boolean' && format !== '0.21') return { scale: -1, offset: 2 };
  if (reading.values !== undefined) return byPattern({ '': patternsOf(reading) });
  if (factor !== 1)
    return format === '0.21' ? byPattern({ '': shifted(factor) }) : { ...gaugeIf64(metric), scale: factor };
  return gaugeIf64(metric);
}

/** Whether the values can be said at all. A pattern of 0.21 only moves the decimal point, and takes no TimeTicks. */
export function canSay({ series = [], definition: { kind } }: SnmpMetric, format: SnmpFormat): boolean {
  if (format !== '0.21') return true;
  return (
    kind !== 'timeTicks' &&
    series.every(({ reading }) => Number.isInteger(Math.log10(factorOf(reading, kind))))
  );
}

function byPattern(regex_extracts: NonNullable<ValueRule['regex_extracts']>): ValueRule {
  // Patterns are for texts only; the number is one as well.
  return { type: 'DisplayString', regex_extracts };
}

/** Gauges of 64 bits travel as Counter64, which the generator takes for counters. */
function gaugeIf64({ definition: { kind } }: SnmpMetric): ValueRule | undefined {
  return kind === 'gauge64' ? { type: 'gauge' } : undefined;
}

/** TimeTicks are hundredths of a second, of which UNITS says nothing. */
function factorOf({ divideBy, multiplyBy }: Reading, kind: string): number {
  return multiplyBy / (kind === 'timeTicks' ? divideBy * 100 : divideBy);
}

function patternsOf({ values }: Reading): readonly Extract[] {
  if (values === undefined) return [{ regex: '(.*)', value: '$1' }];
  return [...values].map(([from, to]) => ({ regex: String(from), value: String(to) }));
}

/** 0.21 knows no scale, but reads what a pattern makes of the digits. */
function shifted(factor: number): readonly Extract[] {
  return [{ regex: '(-?[0-9]+)', value: `\${1}e${Math.log10(factor)}` }];
}
