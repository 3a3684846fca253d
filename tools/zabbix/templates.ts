import type { ObjectName } from '../../src/mib/bind.ts';
import { deviceRules, domainItems, domainRule, domainTriggers } from './domain-rules.ts';
import {
  type Element,
  hostScript,
  inName,
  itemKey,
  macroElements,
  plainItem,
  rowItem,
  ruleHead,
  type Scope,
  type TriggerPlace,
  trigger,
  valueMaps,
  Walks,
} from './elements.ts';
import { availableKey, hostItems, hostRules, hostTriggers, unreachable } from './host-items.ts';
import type { Graph, Rule, Trigger } from './item.ts';
import { domainMacros, filterMacros, hostMacros, root } from './macros.ts';
import type { Release } from './release.ts';
import { templateUuid } from './template-uuid.ts';

const templateGroup = 'Templates/Virtualization';
const guestGroup = 'Virtual machines';

const names = {
  host: 'libvirt by SNMP',
  guest: 'libvirt guest by SNMP',
  guests: 'libvirt guests as hosts by SNMP',
} as const;

const colours = ['1A7C11', 'F63100', '2774A4', 'A54F10', 'FC6EA3'];

/** The file with the template of a hypervisor: the agent, the host, and all virtual machines as rows of it. */
export function hostFile(release: Release): Element {
  const scope: Scope = { release, template: names.host, within: '' };
  const walks = new Walks(scope);
  const rules = [domainRule, ...deviceRules, ...hostRules];
  const ruleElements = rules.map((rule) => discoveryRule(scope, walks, rule));
  const objects = [...hostItems, ...rules.flatMap((rule) => rule.items)].map((item) => item.object);
  const noData = unreachable(names.host);
  const triggers = hostTriggers(names.host);
  const items: readonly Element[] = [
    {
      uuid: templateUuid(names.host, availableKey),
      name: 'SNMP agent availability',
      type: 'INTERNAL',
      key: availableKey,
      delay: '1m',
      history: '7d',
      description: 'Whether the host answers by SNMP: 0 no, 1 yes, 2 unknown.',
      valuemap: { name: 'zabbix.host.available' },
      tags: [{ tag: 'component', value: 'agent' }],
      triggers: [
        {
          ...trigger(scope, noData, inHost, []),
          uuid: templateUuid(names.host, 'trigger', availableKey),
        },
      ],
    },
    ...hostItems.map((item) => plainItem(scope, item, '.0', item.name)),
    ...walks.items(),
  ];
  return file(
    release,
    [templateGroup],
    [
      {
        ...templateHead(names.host, [
          'Hypervisors that run libvirt-agentx: connection and age of the data, host, virtual machines with their',
          'disks, interfaces, CPUs and file systems, storage pools, networks.',
        ]),
        items,
        discovery_rules: ruleElements,
        macros: macroElements([root, ...hostMacros, ...domainMacros, ...rules.flatMap(filterMacros)]),
        dashboards: dashboards(release, scope, rules),
        valuemaps: [
          ...valueMaps(scope, objects),
          {
            uuid: templateUuid(names.host, 'value map', 'available'),
            name: 'zabbix.host.available',
            mappings: ['not available', 'available', 'unknown'].map((newvalue, value) => ({
              value: String(value),
              newvalue,
            })),
          },
        ],
      },
    ],
    triggers.map((declared) => trigger(scope, declared, inHost, [noData, ...triggers])),
    hostGraphs.map((graph) => graphElement(scope, graph, '.0', 'libvirt')),
  );
}

/** Where the triggers of the agent and the host are. */
const inHost: TriggerPlace = { index: '.0', prefix: 'libvirt' };

const hostGraphs: readonly Graph[] = [
  {
    name: 'Virtual machines',
    objects: ['lveDomainsActive', 'lveDomainsInactive', 'lveDomainsWarning', 'lveDomainsFailure'],
  },
  { name: 'CPU and memory used', objects: ['lveHostCpuUtil', 'lveHostMemUsedPercent'], percent: true },
];

/** The file with the template of one virtual machine as a host of its own, and the one that makes such hosts. */
export function guestFile(release: Release): Element {
  const scope: Scope = { release, template: names.guest, within: '.{$VM.INDEX}' };
  const walks = new Walks(scope);
  const withoutContext = (declared: Trigger): Trigger => {
    const plain = (text: string): string => text.replaceAll(':"{#VM.NAME}"', '');
    return {
      ...declared,
      expression: plain(declared.expression),
      ...(declared.eventName === undefined ? {} : { eventName: plain(declared.eventName) }),
    };
  };
  const triggers = domainTriggers.map(withoutContext);
  const rules = deviceRules.map((rule) => discoveryRule(scope, walks, rule));
  // What conditions of the virtual machine depend on.
  const agentItems = hostItems.filter(({ object }) =>
    ['lveConnState', 'lveRefreshInterval'].includes(object),
  );
  const objects = [...agentItems, ...domainItems, ...deviceRules.flatMap((rule) => rule.items)].map(
    (item) => item.object,
  );
  const indexMacro = {
    macro: '{$VM.INDEX}',
    value: '0',
    description: 'lveDomIndex of the virtual machine. Set by what makes the hosts.',
  };
  const makerScope: Scope = { release, template: names.guests, within: '' };
  const makerWalks = new Walks(makerScope, 'libvirt.guest.walk');
  const makerRule: Rule = {
    ...domainRule,
    key: 'libvirt.guest.discovery',
    macros: { ...domainRule.macros, '{#HYPERVISOR}': 'lveHostName' },
  };
  const maker = {
    ...ruleHead(makerScope, makerWalks, makerRule, hostScript(release)),
    host_prototypes: [
      {
        uuid: templateUuid(names.guests, 'host prototype'),
        host: '{#VM.HOST}',
        name: '{#VM.HOST.LABEL}',
        group_links: [{ group: { name: guestGroup } }],
        templates: [{ name: names.guest }],
        macros: [{ macro: '{$VM.INDEX}', value: '{#SNMPINDEX}' }],
      },
    ],
  };
  return file(
    release,
    [templateGroup, guestGroup],
    [
      {
        ...templateHead(names.guest, [
          'One virtual machine as a host of its own. The template "libvirt guests as hosts by SNMP", linked to the',
          'hypervisor, makes such hosts; they are asked by the SNMP interface of the hypervisor.',
        ]),
        items: [
          ...agentItems.map((item) => plainItem(scope, item, '.0', item.name)),
          ...domainItems.map((item) => plainItem(scope, item, scope.within, item.name)),
          ...walks.items(),
        ],
        discovery_rules: rules,
        macros: macroElements([root, indexMacro, ...domainMacros, ...deviceRules.flatMap(filterMacros)]),
        dashboards: [
          {
            uuid: templateUuid(scope.template, 'dashboard', 'vm'),
            name: 'Virtual machine',
            pages: [
              graphsPage(release, scope, 'VM', 'VM', domainRule.graphs ?? []),
              ...rulePages(release, scope, deviceRules),
            ],
          },
        ],
        valuemaps: valueMaps(scope, objects),
      },
      {
        ...templateHead(names.guests, [
          'Makes a host of each virtual machine of a hypervisor, with the template "libvirt guest by SNMP".',
        ]),
        items: makerWalks.items(),
        discovery_rules: [maker],
        macros: macroElements([root, ...filterMacros(makerRule)]),
      },
    ],
    triggers.map((declared) =>
      trigger(
        scope,
        declared,
        { index: scope.within, prefix: 'VM', eventPrefix: 'VM {HOST.NAME}' },
        triggers,
      ),
    ),
    (domainRule.graphs ?? []).map((graph) => graphElement(scope, graph, scope.within, 'VM')),
  );
}

function discoveryRule(scope: Scope, walks: Walks, rule: Rule): Element {
  const index = `${scope.within}.{#SNMPINDEX}`;
  const head = ruleHead(scope, walks, rule);
  return {
    ...head,
    item_prototypes: rule.items.map((item) =>
      rowItem(scope, walks, item, `${inName(rule.prefix)}: ${item.name}`),
    ),
    ...(rule.triggers.length === 0
      ? {}
      : {
          trigger_prototypes: rule.triggers.map((declared) =>
            trigger(scope, declared, { index, prefix: rule.prefix }, rule.triggers),
          ),
        }),
    ...(rule.graphs === undefined
      ? {}
      : { graph_prototypes: rule.graphs.map((graph) => graphElement(scope, graph, index, rule.prefix)) }),
  };
}

function graphElement(scope: Scope, graph: Graph, index: string, prefix: string): Element {
  return {
    uuid: templateUuid(scope.template, 'graph', prefix, graph.name),
    name: graphName(prefix, graph),
    ...(graph.percent ? { yaxismax: '100', ymin_type_1: 'FIXED', ymax_type_1: 'FIXED' } : {}),
    graph_items: graph.objects.map((object, at) => ({
      sortorder: String(at),
      drawtype: 'GRADIENT_LINE',
      color: colours[at] ?? '000000',
      item: { host: scope.template, key: itemKey(object, index) },
    })),
  };
}

const graphName = (prefix: string, graph: Graph): string => `${inName(prefix)}: ${graph.name}`;

/** One dashboard for the host, one for the virtual machines and their devices. */
function dashboards(release: Release, scope: Scope, rules: readonly Rule[]): readonly Element[] {
  return [
    {
      uuid: templateUuid(scope.template, 'dashboard', 'host'),
      name: 'Hypervisor',
      pages: [graphsPage(release, scope, 'Host', 'libvirt', hostGraphs)],
    },
    {
      uuid: templateUuid(scope.template, 'dashboard', 'vms'),
      name: 'Virtual machines',
      pages: rulePages(release, scope, rules),
    },
  ];
}

/** 6.0 has 24 columns on a page, 7.0 has 72. */
const pageWidths: Readonly<Record<Release, number>> = { '6.0': 24, '7.0': 72 };

interface Widget {
  readonly type: 'graph' | 'graphprototype';
  readonly graph: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly fields?: readonly Element[];
}

function widget(release: Release, scope: Scope, { type, graph, x, y, width, fields }: Widget): Element {
  const types = { graph: 'GRAPH_CLASSIC', graphprototype: 'GRAPH_PROTOTYPE' };
  return {
    type: release === '6.0' ? types[type] : type,
    x: String(x),
    y: String(y),
    width: String(width),
    height: '5',
    fields: [
      {
        type: type === 'graph' ? 'GRAPH' : 'GRAPH_PROTOTYPE',
        name: release === '6.0' ? 'graphid' : 'graphid.0',
        value: { host: scope.template, name: graph },
      },
      ...(fields ?? []),
    ],
  };
}

/** A page with graphs side by side. */
function graphsPage(
  release: Release,
  scope: Scope,
  name: string,
  prefix: string,
  graphs: readonly Graph[],
): Element {
  const width = pageWidths[release] / 2;
  return {
    name,
    widgets: graphs.map((graph, at) =>
      widget(release, scope, { type: 'graph', graph: graphName(prefix, graph), x: at * width, y: 0, width }),
    ),
  };
}

/** A page for each rule that has graphs: one below the other, for two of its rows at a time. */
function rulePages(release: Release, scope: Scope, rules: readonly Rule[]): readonly Element[] {
  return rules.flatMap((rule) =>
    rule.graphs === undefined
      ? []
      : [
          {
            name: rule.name.replace(' discovery', ''),
            widgets: rule.graphs.map((graph, at) =>
              widget(release, scope, {
                type: 'graphprototype',
                graph: graphName(rule.prefix, graph),
                x: 0,
                y: at * 5,
                width: pageWidths[release],
                fields: [
                  { type: 'INTEGER', name: 'columns', value: '2' },
                  { type: 'INTEGER', name: 'rows', value: '1' },
                ],
              }),
            ),
          },
        ],
  );
}

function templateHead(name: string, description: readonly string[]): Element {
  return {
    uuid: templateUuid(name),
    template: name,
    name,
    description: `${description.join('\n')}\n\nNumbers only: the server needs no MIB modules.`,
    groups: [{ name: templateGroup }],
    tags: [
      { tag: 'class', value: 'software' },
      { tag: 'target', value: 'libvirt' },
    ],
  };
}

function file(
  release: Release,
  groups: readonly string[],
  templates: readonly Element[],
  triggers: readonly Element[],
  graphs: readonly Element[],
): Element {
  const withUuid = groups.map((name) => ({ uuid: groupUuid(name), name }));
  return {
    zabbix_export: {
      version: release,
      ...(release === '6.0'
        ? { groups: withUuid }
        : {
            template_groups: withUuid.filter(({ name }) => name === templateGroup),
            ...(groups.length > 1
              ? { host_groups: withUuid.filter(({ name }) => name !== templateGroup) }
              : {}),
          }),
      templates: templates.map((template) =>
        release === '6.0' ? template : { ...template, vendor: { name: 'libvirt-agentx', version: '7.0-0' } },
      ),
      triggers,
      graphs,
    },
  };
}

/** Groups that Zabbix brings have the identifiers it gave them. */
function groupUuid(name: string): string {
  return name === guestGroup ? '137f19e6e2dc4219b33553b812627bc2' : '02e4df4f20b848e79267641790f241da';
}

/** Objects whose items a template has, for tests. */
export function objectsOf(rules: readonly Rule[]): readonly ObjectName[] {
  return rules.flatMap((rule) => rule.items.map((item) => item.object));
}
