import type { ParamName } from '../../libvirt/param-names.ts';
import type { ParamCursor } from '../../libvirt/typed-params.ts';
import { paramTypes } from '../../libvirt-enums/typed-param.ts';
import type { Stat } from '../../model/stat.ts';
import { Figures } from './figures.ts';
import { ShapeStep } from './record-shape.ts';
import type { PerfSample, SampleLayout } from './sample-layout.ts';
import { entryFields, type FieldRule } from './stat-fields.ts';
import { statOf } from './stat-value.ts';
import { StatsSample } from './stats-sample.ts';

/** Which parameters go to lveStatTable besides those that have fields. */
export interface OtherStatsPolicy {
  /** Selector `stat`: parameters that no other object holds. */
  readonly unknown: boolean;
  /** Selector `block_layers`: those of the lower layers of backing chains, which have no row. */
  readonly layers?: boolean;
  /** Selector `raw`: every parameter. */
  readonly all: boolean;
  /** Parameters whose name matches one of these are left out (`stat_exclude`); `raw` overrides it. */
  readonly exclude: readonly RegExp[];
}

/** Most parameters of one domain kept by name: a bound on what a peer can make the agent hold. */
const maxOthers = 16_384;

/** Most steps that are remembered, some hundred octets each: a bound on the same. */
const maxSteps = 32_768;

/** Slots reserved for a domain before the first one was seen. */
const firstGuess = 160;

const none: readonly never[] = [];

/** Turns the typed parameters of virConnectGetAllDomainStats into samples. */
export class StatsDecoder {
  readonly #policy: OtherStatsPolicy;
  #start = ShapeStep.start();
  #steps = 0;
  /** Slots of the domain seen last. */
  #size = firstGuess;

  constructor(policy: OtherStatsPolicy) {
    this.#policy = policy;
  }

  /** What decodes the records of one reply about so many domains. */
  reply(domains: number): (params: ParamCursor) => StatsSample {
    let figures: Figures | undefined;
    return (params) => {
      figures ??= new Figures(domains * this.#size);
      return this.#decode(params, figures);
    };
  }

  #decode(params: ParamCursor, figures: Figures): StatsSample {
    const base = figures.used;
    let perf: PerfSample[] | undefined;
    let others: Stat[] | undefined;
    let step = this.#start;
    while (params.next()) {
      step = step.after(params.name) ?? this.#extend(step, params.name);
      switch (step.kind) {
        case 'count': {
          const number = params.number();
          if (number >= 0) figures.setNumber(base + step.slot, number);
          else if (Number.isNaN(number)) setLarge(figures, base + step.slot, params);
          break;
        }
        case 'small':
          figures.setNumber(base + step.slot, params.number());
          break;
        case 'text': {
          const text = params.text();
          if (text !== undefined) figures.setText(base + step.slot, text);
          break;
        }
        case 'flag': {
          const value = params.value();
          if (typeof value === 'boolean') figures.setNumber(base + step.slot, value ? 1 : 0);
          break;
        }
        case 'perf': {
          const value = params.value();
          if ((typeof value === 'number' || typeof value === 'bigint') && value >= 0) {
            perf ??= [];
            perf.push({ name: step.event, value });
          }
          break;
        }
        case 'none':
          break;
      }
      if (step.listed) {
        others ??= [];
        if (others.length < maxOthers) others.push(statOf(params.name.text, params.type, params.value()));
      }
    }
    const { layout } = step;
    if (this.#policy.layers === true && !this.#policy.all && layout.blocks.length > 1) {
      others = [...(others ?? none), ...layerStats(figures, base, layout)];
    }
    this.#size = layout.size;
    figures.advance(layout.size);
    return new StatsSample({ figures, base, layout, perf: perf ?? none, others: others ?? none });
  }

  #extend(step: ShapeStep, name: ParamName): ShapeStep {
    // A negative number marks a name beyond the bound of what is kept: it is another object each time.
    const remember = name.id >= 0;
    if (remember) this.#steps += 1;
    if (this.#steps > maxSteps) {
      this.#steps = 0;
      this.#start = ShapeStep.start();
    }
    return step.extend(name, this.#isListed, remember);
  }

  readonly #isListed = (name: string, rule: FieldRule): boolean => {
    const { all, unknown, exclude } = this.#policy;
    return all || (unknown && rule.to === 'others' && !exclude.some((pattern) => pattern.test(name)));
  };
}

/** A count that a number does not hold exactly; anything else is left unknown. */
function setLarge(figures: Figures, slot: number, params: ParamCursor): void {
  const value = params.value();
  if (typeof value === 'bigint' && value >= 0n) figures.setLarge(slot, value);
}

/** What is known of blocks that follow a disk under its name: the lower layers of its backing chain. */
function layerStats(figures: Figures, base: number, { blocks }: SampleLayout): readonly Stat[] {
  const disks = new Set<string | undefined>();
  const stats: Stat[] = [];
  for (const { number, at } of blocks) {
    const name = figures.text(base + at + blockName);
    if (!disks.has(name)) {
      disks.add(name);
      continue;
    }
    for (const { parameter, kind, slot } of blockFigures) {
      const isText = kind === 'text';
      const value = isText ? figures.text(base + at + slot) : figures.count(base + at + slot);
      if (value === undefined) continue;
      const type = isText ? paramTypes.string : kind === 'small' ? paramTypes.uint : paramTypes.ullong;
      stats.push(statOf(`block.${number}.${parameter}`, type, value));
    }
  }
  return stats;
}

const blockName = entryFields.block.slot('name');

/** Those that libvirt reports. */
const blockFigures = entryFields.block.all.filter(({ parameter }) => !parameter.startsWith('='));
