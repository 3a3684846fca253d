import type { ObjectName } from '../../src/mib/bind.ts';
import { definitions } from '../../src/mib/definitions.ts';
import type { Item, Macro, Rule, Trigger } from './item.ts';
import { objectOid } from './object-oid.ts';
import type { Release } from './release.ts';
import { templateUuid } from './template-uuid.ts';

/** An element of an export: what `YAML.stringify` writes. */
export type Element = Readonly<Record<string, unknown>>;

/** Where the elements of a template are read from. */
export interface Scope {
  readonly release: Release;
  /** Name of the template. */
  readonly template: string;
  /** Between the number of a column and the index of a row: `.{$VM.INDEX}` where the template is for one machine. */
  readonly within: string;
}

/**
 * In 6.0, and in gets of any release, a text with octets beyond ASCII arrives as hexadecimal digits where the server has
 * no MIB module. Text that only looks so is left alone: net-snmp prints no such form for plain ASCII.
 */
const decodeText = `if (!/^([0-9A-F]{2}[ \\n]+)*[0-9A-F]{2}\\s*$/.test(value)) return value;
var octets = value.trim().split(/\\s+/);
if (!octets.some(function (octet) { return parseInt(octet, 16) > 126; })) return value;
try { return decodeURIComponent('%' + octets.join('%')); } catch (error) { return value; }`;

const inFull: Readonly<Record<Release, string>> = {
  '6.0': `function decode(value) {
${decodeText}
}`,
  // What a walk finds is text already.
  '7.0': 'function decode(value) { return value; }',
};

/**
 * Zabbix takes 128 characters for the name of a graph or a host, and 255 for others; names of virtual machines may have
 * more. Of long ones the middle is left out, and the index tells those apart that are alike at both ends.
 */
const shorten = `function shorten(text, index, most) {
  var characters = text.match(/[\\ud800-\\udbff][\\udc00-\\udfff]|[^]/g) || [];
  var end = ' #' + index;
  if (characters.length <= most) return text;
  return characters.slice(0, most - 18 - end.length).join('') + '...' + characters.slice(-15).join('') + end;
}`;

/** Longer names are shortened: there is room for what is put before and behind them. */
const longestLabel = 100;

/**
 * Has, for each macro of each row, another with a name that is short enough to be part of names. An index is never a
 * text; other numbers have no octet beyond ASCII. 6.0 takes no context of a macro that ends with a backslash, such as a
 * name of drive C: hence a macro without.
 */
function rowScript(release: Release): string {
  return `${inFull[release]}
${shorten}
return JSON.stringify(JSON.parse(value).map(function (row) {
  Object.keys(row).forEach(function (macro) {
    if (macro === '{#SNMPINDEX}') return;
    row[macro] = decode(row[macro]);
    row[macro.replace('}', '.CONTEXT}')] = row[macro].replace(/[\\\\]+$/, '');
    row[macro.replace('}', '.LABEL}')] = shorten(row[macro], row['{#SNMPINDEX}'], ${longestLabel});
  });
  return row;
}));`;
}

/**
 * Rows of virtual machines that become hosts: what such a host is called. Another hypervisor may have a virtual machine
 * of the same name, and even the same virtual machine, defined on both or just migrated: so the name of the hypervisor is
 * part of both names. It is a scalar, found as a row of its own.
 */
export function hostScript(release: Release): string {
  return `${inFull[release]}
${shorten}
var rows = JSON.parse(value), hypervisor = '';
rows.forEach(function (row) { if (row['{#HYPERVISOR}']) hypervisor = decode(row['{#HYPERVISOR}']); });
hypervisor = hypervisor.substring(0, 60);
if (hypervisor === '') throw 'The name of the hypervisor (lveHostName) is not known yet.';
return JSON.stringify(rows.filter(function (row) { return row['{#VM.UUID}']; }).map(function (row) {
  var name = decode(row['{#VM.NAME}']), behind = ' (' + hypervisor + ')', index = row['{#SNMPINDEX}'];
  return {
    '{#SNMPINDEX}': index,
    '{#VM.NAME}': name,
    '{#VM.UUID}': row['{#VM.UUID}'],
    '{#VM.HOST}': row['{#VM.UUID}'] + ' ' + hypervisor.replace(/[^0-9A-Za-z_.-]/g, '-'),
    '{#VM.HOST.LABEL}': shorten(name, index, 128 - behind.length) + behind
  };
}));`;
}

/** The beginning of a name, such as `VM {#VM.NAME}`, with the macro whose value is short enough. */
export function inName(prefix: string): string {
  return prefix.replace(/\{#(?!SNMPINDEX)([A-Z.]+)\}/, '{#$1.LABEL}');
}

const isText = (object: ObjectName): boolean => definitions[object].kind === 'text';

/** The most octets of a text; Zabbix keeps 255 characters of a value of type CHAR. */
function longest(object: ObjectName): number {
  return Math.max(...(definitions[object].limits ?? [[0, 65_535]]).map(([, most]) => Number(most)));
}

/** The key of the item of an object. */
export function itemKey(object: ObjectName, index: string): string {
  return `libvirt[${object}${index}]`;
}

/** Columns that are read together in 7.0. */
export class Walks {
  readonly #scope: Scope;
  readonly #columns = new Map<string, ObjectName[]>();

  readonly #prefix: string;

  /** Templates that are linked to one host have no key in common: hence the prefix. */
  constructor(scope: Scope, prefix = 'libvirt.walk') {
    this.#scope = scope;
    this.#prefix = prefix;
  }

  /** The key of the item that reads a column; `beside`: one that is read together with it. */
  keyOf(object: ObjectName, beside: ObjectName = object): string {
    const table = definitions[beside].table ?? definitions[beside].group ?? '';
    const columns = this.#columns.get(table) ?? [];
    this.#columns.set(table, columns);
    if (!columns.includes(object)) columns.push(object);
    return `${this.#prefix}[${table}]`;
  }

  items(): readonly Element[] {
    const { template, within } = this.#scope;
    return [...this.#columns].map(([table, columns]) => {
      const key = `${this.#prefix}[${table}]`;
      const oid = `walk[${columns.map((column) => objectOid(column) + within).join(',')}]`;
      if (oid.length > 512) throw new Error(`${key}: ${oid.length} characters, Zabbix takes 512`);
      return {
        uuid: templateUuid(template, key),
        name: `Walk of ${table}`,
        type: 'SNMP_AGENT',
        snmp_oid: oid,
        key,
        delay: '1m',
        history: '0',
        trends: '0',
        value_type: 'TEXT',
        description: `Columns of ${table} from which other items take their values.`,
        tags: [{ tag: 'component', value: 'raw' }],
      };
    });
  }
}

/** An item that asks for one instance by itself; Zabbix puts many into one request. */
export function plainItem(scope: Scope, item: Item, index: string, name: string): Element {
  const { object } = item;
  const absent = { type: 'CHECK_NOT_SUPPORTED', error_handler: 'DISCARD_VALUE' };
  return {
    ...itemHead(scope, item, index, name),
    type: 'SNMP_AGENT',
    snmp_oid: objectOid(object) + index,
    // 7.0 wants to be told which errors; -1 is any.
    preprocessing: [
      scope.release === '6.0' ? { ...absent, parameters: [''] } : { ...absent, parameters: ['-1'] },
      ...(isText(object) ? [{ type: 'JAVASCRIPT', parameters: [decodeText] }] : []),
      ...steps(item),
    ],
  };
}

/** The item of a row that a rule has found. */
export function rowItem(scope: Scope, walks: Walks, item: Item, name: string): Element {
  const index = `${scope.within}.{#SNMPINDEX}`;
  if (scope.release === '6.0') return plainItem(scope, item, index, name);
  return {
    ...itemHead(scope, item, index, name),
    delay: undefined,
    type: 'DEPENDENT',
    master_item: { key: walks.keyOf(item.object) },
    preprocessing: [
      {
        type: 'SNMP_WALK_VALUE',
        parameters: [objectOid(item.object) + index, isText(item.object) ? '1' : '0'],
        error_handler: 'DISCARD_VALUE',
      },
      ...steps(item),
    ],
  };
}

function itemHead(scope: Scope, item: Item, index: string, name: string): Element {
  const { object, units, scale, rate, component } = item;
  const definition = definitions[object];
  const key = itemKey(object, index);
  const float = rate !== undefined || (scale !== undefined && !Number.isInteger(scale));
  return {
    uuid: templateUuid(scope.template, key),
    name,
    key,
    delay: '1m',
    ...(isText(object)
      ? { value_type: longest(object) > 255 ? 'TEXT' : 'CHAR', history: '14d', trends: '0' }
      : { value_type: float ? 'FLOAT' : undefined, history: '14d' }),
    units: units === undefined || units === '' ? undefined : units,
    description: `MIB: ${definition.module}\n${definition.summary}`,
    valuemap: definition.labels === undefined ? undefined : { name: valueMapName(object) },
    tags: [{ tag: 'component', value: component }],
  };
}

function steps({ scale, rate, text }: Item): readonly Element[] {
  return [
    ...(rate ? [{ type: 'CHANGE_PER_SECOND', parameters: [''] }] : []),
    ...(scale === undefined ? [] : [{ type: 'MULTIPLIER', parameters: [String(scale)] }]),
    ...(text === true ? [{ type: 'DISCARD_UNCHANGED_HEARTBEAT', parameters: ['1d'] }] : []),
  ];
}

function valueMapName(object: ObjectName): string {
  return `${definitions[object].module}::${object}`;
}

/** The value maps of the enumerations among the objects. */
export function valueMaps(scope: Scope, objects: readonly ObjectName[]): readonly Element[] {
  return [...new Set(objects)].flatMap((object) => {
    const { labels } = definitions[object];
    if (labels === undefined) return [];
    return [
      {
        uuid: templateUuid(scope.template, 'value map', object),
        name: valueMapName(object),
        mappings: Object.entries(labels).map(([newvalue, value]) => ({ value: String(value), newvalue })),
      },
    ];
  });
}

/** Where a trigger is. */
export interface TriggerPlace {
  /** Of its items: `.0`, `.{#SNMPINDEX}`. */
  readonly index: string;
  /** Put before its name: what the problem is of. */
  readonly prefix: string;
  /** The same for the name of the event, where that can say more. */
  readonly eventPrefix?: string;
}

/** A trigger; `siblings` are those it may depend on. */
export function trigger(
  scope: Scope,
  declared: Trigger,
  { index, prefix, eventPrefix }: TriggerPlace,
  siblings: readonly Trigger[],
): Element {
  const inContext = (text: string): string =>
    scope.release === '6.0' ? text.replaceAll(/:"\{#([A-Z.]+)\}"\}/g, ':"{#$1.CONTEXT}"}') : text;
  const inPlace = (text: string): string =>
    inContext(text).replaceAll(/@(\w+)/g, (_, object: ObjectName) => {
      const isScalar = definitions[object].table === undefined;
      return `/${scope.template}/${itemKey(object, isScalar ? '.0' : index)}`;
    });
  const named = (name: string): string => `${inName(prefix)}: ${name}`;
  const eventName = declared.eventName ?? (eventPrefix === undefined ? undefined : declared.name);
  return {
    uuid: templateUuid(scope.template, 'trigger', prefix, declared.name),
    expression: inPlace(declared.expression),
    ...(declared.recovery === undefined
      ? {}
      : { recovery_mode: 'RECOVERY_EXPRESSION', recovery_expression: inPlace(declared.recovery) }),
    name: named(declared.name),
    event_name: eventName === undefined ? undefined : `${eventPrefix ?? prefix}: ${inPlace(eventName)}`,
    opdata: declared.opdata,
    priority: declared.priority,
    description: declared.description,
    manual_close: declared.manualClose ? 'YES' : undefined,
    dependencies: declared.dependsOn?.map((name) => {
      const other = siblings.find((sibling) => sibling.name === name);
      if (other === undefined) throw new Error(`${declared.name} depends on ${name}, which is not there`);
      return {
        name: named(other.name),
        expression: inPlace(other.expression),
        recovery_expression: other.recovery === undefined ? undefined : inPlace(other.recovery),
      };
    }),
    tags: [{ tag: 'scope', value: declared.scope }],
  };
}

/** A discovery rule without its prototypes; `script` works on its rows. */
export function ruleHead(
  scope: Scope,
  walks: Walks,
  rule: Rule,
  script: string = rowScript(scope.release),
): Element {
  const columns = Object.entries(rule.macros);
  const first = columns[0]?.[1] ?? 'lveDomName';
  const oids = columns.flatMap(([macro, object]) => [macro, objectOid(object) + scope.within]);
  return {
    uuid: templateUuid(scope.template, rule.key),
    name: rule.name,
    key: rule.key,
    ...(scope.release === '6.0'
      ? {
          type: 'SNMP_AGENT',
          snmp_oid: `discovery[${oids.join(',')}]`,
          delay: '5m',
          preprocessing: [
            { type: 'JAVASCRIPT', parameters: [script] },
            { type: 'DISCARD_UNCHANGED_HEARTBEAT', parameters: ['1h'] },
          ],
        }
      : {
          type: 'DEPENDENT',
          master_item: { key: walks.keyOf(first) },
          preprocessing: [
            {
              type: 'SNMP_WALK_TO_JSON',
              parameters: columns.flatMap(([macro, object]) => [
                macro,
                walks.keyOf(object, first) && objectOid(object) + scope.within,
                isText(object) ? '1' : '0',
              ]),
            },
            { type: 'JAVASCRIPT', parameters: [script] },
            { type: 'DISCARD_UNCHANGED_HEARTBEAT', parameters: ['1h'] },
          ],
        }),
    filter: {
      evaltype: 'AND',
      conditions: Object.entries(rule.filters).flatMap(([macro, name], at) => [
        { macro, value: `{$${name}.MATCHES}`, formulaid: at === 0 ? 'A' : 'C' },
        {
          macro,
          value: `{$${name}.NOT_MATCHES}`,
          operator: 'NOT_MATCHES_REGEX',
          formulaid: at === 0 ? 'B' : 'D',
        },
      ]),
    },
    lifetime: '7d',
    // Else 7.0 disables the trigger with the row, and its problem has no end.
    ...(scope.release === '7.0' && rule.passing ? { enabled_lifetime_type: 'DISABLE_NEVER' } : {}),
    description: rule.description,
  };
}

export function macroElements(macros: readonly Macro[]): readonly Element[] {
  // Of two with a name, the first says what it is for.
  const byName = new Map([...macros].reverse().map((macro) => [macro.macro, macro]));
  return [...byName.values()]
    .sort((a, b) => (a.macro < b.macro ? -1 : 1))
    .map(({ macro, value, description }) => ({ macro, value, description }));
}
