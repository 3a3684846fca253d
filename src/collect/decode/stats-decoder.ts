import type { TypedParams } from '../../libvirt/typed-params.ts';
import type { EpochMs } from '../../model/scalar-types.ts';
import { type FieldRule, fieldRule } from './stat-fields.ts';
import { statOf } from './stat-value.ts';
import { emptySample, type StatsSample } from './stats-sample.ts';

/** Which parameters go to lveStatTable besides those that have fields. */
export interface OtherStatsPolicy {
  /** Selector `stat`: parameters that no other object holds. */
  readonly unknown: boolean;
  /** Selector `raw`: every parameter. */
  readonly all: boolean;
  /** Parameters whose name matches one of these are left out (`stat_exclude`); `raw` overrides it. */
  readonly exclude: readonly RegExp[];
}

interface NameRule {
  readonly field: FieldRule;
  readonly listed: boolean;
}

/** Most parameters of one domain kept by name: a bound on what a peer can make the agent hold. */
const maxOthers = 16_384;

/**
 * Turns the typed parameters of virConnectGetAllDomainStats into samples. The rule for each parameter name
 * is worked out once and kept by the name's number, so that a refresh costs one indexed call a parameter.
 */
export class StatsDecoder {
  readonly #policy: OtherStatsPolicy;
  readonly #rules: (NameRule | undefined)[] = [];

  constructor(policy: OtherStatsPolicy) {
    this.#policy = policy;
  }

  /** Decodes one record. `atMs` is monotonic and the base of rates. */
  decode(params: TypedParams, at: EpochMs, atMs: number): StatsSample {
    const sample = emptySample(at, atMs);
    const { names, values, types } = params;
    for (let i = 0; i < names.length; i += 1) {
      const name = names[i];
      const value = values[i];
      if (name === undefined || value === undefined) continue;
      const rule = this.#rules[name.id] ?? this.#ruleFor(name.id, name.text);
      if (typeof rule.field === 'function') rule.field(sample, value);
      if (rule.listed && sample.others.length < maxOthers) {
        sample.others.push(statOf(name.text, types[i] ?? 0, value));
      }
    }
    return sample;
  }

  #ruleFor(id: number, text: string): NameRule {
    const field = fieldRule(text);
    const listed =
      this.#policy.all ||
      (this.#policy.unknown &&
        field === undefined &&
        !this.#policy.exclude.some((pattern) => pattern.test(text)));
    const rule = { field, listed };
    // A negative number marks a name beyond the intern table's bound: its rule is worked out each time.
    if (id >= 0) this.#rules[id] = rule;
    return rule;
  }
}
