import type { ObjectName } from '../../src/mib/bind.ts';
import { deviceRules, domainItems, domainRule, domainTriggers } from './domain-rules.ts';
import {
  type Element,
  itemKey,
  macroElements,
  plainItem,
  rowItem,
  ruleHead,
  type Scope,
  trigger,
  valueMaps,
  Walks,
} from './elements.ts';
import { hostItems, hostRules, hostTriggers } from './host-items.ts';
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
  const available = 'zabbix[host,snmp,available]';
  const items: readonly Element[] = [
    {
      uuid: templateUuid(names.host, available),
      name: 'SNMP agent availability',
      type: 'INTERNAL',
      key: available,
      delay: '1m',
      history: '7d',
      description: 'Whether the host answers by SNMP: 0 no, 1 yes, 2 unknown.',
      valuemap: { name: 'zabbix.host.available' },
      tags: [{ tag: 'component', value: 'agent' }],
      triggers: [
        {
          uuid: templateUuid(names.host, 'trigger', available),
          expression: `max(/${names.host}/${available},{$SNMP.TIMEOUT})=0`,
          name: 'libvirt: No SNMP data collection',
          priority: 'WARNING',
          description: 'snmpd does not answer. Check it, the address and the credentials.',
          tags: [{ tag: 'scope', value: 'availability' }],
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
    [...hostTriggers.map((declared) => trigger(scope, declared, '.0', 'libvirt', hostTriggers))],
    hostGraphs.map((graph) => graphElement(scope, graph, '.0', 'libvirt')),
  );
}

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
  const objects = [...domainItems, ...deviceRules.flatMap((rule) => rule.items)].map((item) => item.object);
  const indexMacro = {
    macro: '{$VM.INDEX}',
    value: '0',
    description: 'lveDomIndex of the virtual machine. Set by what makes the hosts.',
  };
  const makerScope: Scope = { release, template: names.guests, within: '' };
  const makerWalks = new Walks(makerScope, 'libvirt.guest.walk');
  const makerRule: Rule = { ...domainRule, key: 'libvirt.guest.discovery' };
  const maker = {
    ...ruleHead(makerScope, makerWalks, makerRule),
    host_prototypes: [
      {
        uuid: templateUuid(names.guests, 'host prototype'),
        host: '{#VM.UUID}',
        name: '{#VM.NAME}',
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
          ...domainItems.map((item) => plainItem(scope, item, scope.within, item.name)),
          ...walks.items(),
        ],
        discovery_rules: rules,
        macros: macroElements([root, indexMacro, ...domainMacros, ...deviceRules.flatMap(filterMacros)]),
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
    triggers.map((declared) => trigger(scope, declared, scope.within, 'VM', triggers)),
    (domainRule.graphs ?? []).map((graph) => graphElement(scope, graph, scope.within, 'VM')),
  );
}

function discoveryRule(scope: Scope, walks: Walks, rule: Rule): Element {
  const index = `${scope.within}.{#SNMPINDEX}`;
  const head = ruleHead(scope, walks, rule);
  return {
    ...head,
    item_prototypes: rule.items.map((item) => rowItem(scope, walks, item, `${rule.prefix}: ${item.name}`)),
    ...(rule.triggers.length === 0
      ? {}
      : {
          trigger_prototypes: rule.triggers.map((declared) =>
            trigger(scope, declared, index, rule.prefix, rule.triggers),
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

function graphName(prefix: string, graph: Graph): string {
  return `${prefix}: ${graph.name}`;
}

/** One dashboard for the host, one for the virtual machines and their devices. */
function dashboards(release: Release, scope: Scope, rules: readonly Rule[]): readonly Element[] {
  // 6.0 has 24 columns on a page, 7.0 has 72.
  const width = release === '6.0' ? 24 : 72;
  const half = width / 2;
  const graphField = release === '6.0' ? 'graphid' : 'graphid.0';
  const widget = (type: string, name: string, x: number, y: number, more: readonly Element[]): Element => ({
    type: release === '6.0' ? (type === 'graph' ? 'GRAPH_CLASSIC' : 'GRAPH_PROTOTYPE') : type,
    x: String(x),
    y: String(y),
    width: String(type === 'graph' ? half : width),
    height: '5',
    fields: [
      {
        type: type === 'graph' ? 'GRAPH' : 'GRAPH_PROTOTYPE',
        name: graphField,
        value: { host: scope.template, name },
      },
      ...more,
    ],
  });
  const prototype = (prefix: string, graph: Graph, y: number): Element =>
    widget('graphprototype', graphName(prefix, graph), 0, y, [
      { type: 'INTEGER', name: 'columns', value: '2' },
      { type: 'INTEGER', name: 'rows', value: '1' },
    ]);
  const page = (name: string, widgets: readonly Element[]): Element => ({ name, widgets });
  return [
    {
      uuid: templateUuid(scope.template, 'dashboard', 'host'),
      name: 'Hypervisor',
      pages: [
        page(
          'Host',
          hostGraphs.map((graph, at) => widget('graph', graphName('libvirt', graph), at * half, 0, [])),
        ),
      ],
    },
    {
      uuid: templateUuid(scope.template, 'dashboard', 'vms'),
      name: 'Virtual machines',
      pages: rules
        .filter((rule) => rule.graphs !== undefined)
        .map((rule) =>
          page(
            rule.name.replace(' discovery', ''),
            (rule.graphs ?? []).map((graph, at) => prototype(rule.prefix, graph, at * 5)),
          ),
        ),
    },
  ];
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
