import type { ParamName } from '../../libvirt/param-names.ts';
import type { FieldKind } from './fields.ts';
import type { Course, Entry, SampleLayout } from './sample-layout.ts';
import { domainFields, type EntryFamily, entryFields, type FieldRule, fieldRule } from './stat-fields.ts';

/** What is done with a parameter; `kind` and `slot` are those of its field. */
export type StepKind = FieldKind | 'perf' | 'none';

/** Where the layout lists an entry. */
const lists = {
  vcpu: 'vcpus',
  block: 'blocks',
  net: 'nets',
  iothread: 'iothreads',
} as const satisfies Readonly<Record<EntryFamily, keyof SampleLayout>>;

/** What a reading consists of, as far as its parameters were seen. */
interface Extent {
  /** Slots in all. */
  readonly size: number;
  readonly complete: boolean;
  /** The last entry of each kind. */
  readonly vcpus: OpenEntry | undefined;
  readonly blocks: OpenEntry | undefined;
  readonly nets: OpenEntry | undefined;
  readonly iothreads: OpenEntry | undefined;
}

const blockName = entryFields.block.slot('name');
const netName = entryFields.net.slot('name');

interface OpenEntry extends Entry {
  readonly before: OpenEntry | undefined;
}

const nothingYet: Extent = {
  size: domainFields.size,
  complete: false,
  vcpus: undefined,
  blocks: undefined,
  nets: undefined,
  iothreads: undefined,
};

/**
 * A parameter in its place: what to do with its value, given all the names before it. Most domains of a host
 * list the same names in the same order, reading after reading, so the steps are worked out once and then
 * followed. Steps that different readings begin with are shared.
 */
export class ShapeStep {
  readonly kind: StepKind;
  /** Counted from where the reading begins. */
  readonly slot: number;
  /** Whether the parameter is listed by name. */
  readonly listed: boolean;
  /** Of perf.NAME: the name. */
  readonly event: string;
  readonly #name: ParamName | undefined;
  readonly #extent: Extent;
  #layout: SampleLayout | undefined;
  /** The step that followed last time, and the others that did. */
  #likely: ShapeStep | undefined;
  #next: Map<ParamName, ShapeStep> | undefined;

  private constructor(
    name: ParamName | undefined,
    rule: FieldRule,
    listed: boolean,
    extent: Extent,
    slot: number,
  ) {
    this.kind = 'field' in rule ? rule.field.kind : rule.to === 'perf' ? 'perf' : 'none';
    this.slot = slot;
    this.listed = listed;
    this.event = rule.to === 'perf' ? rule.name : '';
    this.#name = name;
    this.#extent = extent;
  }

  /** Before the first parameter. */
  static start(): ShapeStep {
    return new ShapeStep(undefined, { to: 'nothing' }, false, nothingYet, 0);
  }

  /** What a reading consists of that ends here. */
  get layout(): SampleLayout {
    this.#layout ??= layoutOf(this.#extent);
    return this.#layout;
  }

  /** The step that follows with a parameter of this name, if that was seen before. */
  after(name: ParamName): ShapeStep | undefined {
    const likely = this.#likely;
    if (likely !== undefined && likely.#name === name) return likely;
    const known = this.#next?.get(name);
    if (known !== undefined) this.#likely = known;
    return known;
  }

  /** Works out the step that follows with a parameter of this name, and remembers it if asked. */
  extend(
    name: ParamName,
    isListed: (name: string, rule: FieldRule) => boolean,
    remember: boolean,
  ): ShapeStep {
    const rule = fieldRule(name.text);
    const [extent, slot] = 'field' in rule ? place(this.#extent, rule) : [this.#extent, 0];
    const step = new ShapeStep(name, rule, isListed(name.text, rule), extent, slot);
    if (remember) {
      this.#likely = step;
      this.#next ??= new Map();
      this.#next.set(name, step);
    }
    return step;
  }
}

/** The slot of a field, and the extent with its entry. */
function place(
  extent: Extent,
  rule: Extract<FieldRule, { readonly field: unknown }>,
): readonly [Extent, number] {
  const { field } = rule;
  const complete = extent.complete || field.traits.asked === true;
  const known = complete === extent.complete ? extent : { ...extent, complete };
  if (rule.to === 'domain') return [known, field.slot];
  const list = lists[rule.to];
  const { size } = entryFields[rule.to];
  // libvirt sends the parameters of one entry together: it is nearly always the last one.
  for (let entry = known[list]; entry !== undefined; entry = entry.before) {
    if (entry.number === rule.number) return [known, entry.at + field.slot];
  }
  const entry = { number: rule.number, at: known.size, before: known[list] };
  return [{ ...known, size: known.size + size, [list]: entry }, entry.at + field.slot];
}

/** @param extent - what was seen of the parameters; nothing without one. */
export function layoutOf(extent: Extent = nothingYet): SampleLayout {
  const { size, complete } = extent;
  const [vcpus, blocks, nets, iothreads] = [
    inOrder(extent.vcpus),
    inOrder(extent.blocks),
    inOrder(extent.nets),
    inOrder(extent.iothreads),
  ];
  return {
    size,
    complete,
    vcpus,
    blocks,
    nets,
    iothreads,
    course: {
      names: blocks.map(({ at }) => at + blockName),
      counters: [...domainFields.counters, ...countersOf('vcpu', vcpus), ...countersOf('block', blocks)],
    },
    netCourse: { names: nets.map(({ at }) => at + netName), counters: countersOf('net', nets) },
  };
}

function countersOf(family: EntryFamily, entries: readonly Entry[]): Course['counters'] {
  const slots = entryFields[family].counters;
  return entries.flatMap(({ at }) => slots.map((slot) => at + slot));
}

function inOrder(last: OpenEntry | undefined): readonly Entry[] {
  const entries: Entry[] = [];
  for (let entry = last; entry !== undefined; entry = entry.before) {
    entries.push({ number: entry.number, at: entry.at });
  }
  return entries.reverse();
}
