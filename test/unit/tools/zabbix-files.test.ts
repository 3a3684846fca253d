import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { deviceRules, domainItems, domainTriggers } from '../../../tools/zabbix/domain-rules.ts';
import { hostItems, hostRules, hostTriggers } from '../../../tools/zabbix/host-items.ts';
import type { Trigger } from '../../../tools/zabbix/item.ts';
import { templateFiles } from '../../../tools/zabbix/template-files.ts';

const rules = [...deviceRules, ...hostRules];
const items = [...hostItems, ...domainItems, ...rules.flatMap((rule) => rule.items)];
const triggers: readonly Trigger[] = [
  ...hostTriggers('libvirt by SNMP'),
  ...domainTriggers,
  ...rules.flatMap((rule) => rule.triggers),
];

describe('triggers', () => {
  it('do not take the least of a rate, which is 0 when the agent has not refreshed since the last look', () => {
    const rates = items.filter(({ rate }) => rate === true).map(({ object }) => object);
    const least = triggers.flatMap(({ expression }) =>
      [...expression.matchAll(/min\(@(\w+)/g)].map(([, object]) => object),
    );
    expect(rates).toContain('lveNicRxErrors');
    expect(least).toContain('lveDiskReadLatency');
    expect(least.filter((object) => rates.some((rate) => rate === object))).toEqual([]);
  });

  it('take a latency, which stays while there are no requests, with the requests only', () => {
    const ofLatencies = triggers.filter(({ expression }) => /Latency/.test(expression));
    expect(ofLatencies.length).toBeGreaterThan(0);
    for (const { expression } of ofLatencies) {
      for (const alternative of expression.split(' or ')) {
        const [, what] = /@lveDisk(\w+)Latency/.exec(alternative) ?? [];
        expect(alternative).toContain(`count(@vmStorage${what}IOs,`);
      }
    }
  });
});

describe('files', () => {
  // What the checks of Zabbix's repository of community templates ask for, read in its rules.
  it.each([...templateFiles()])('%s fits a folder of the community repository', (path, text) => {
    const { version, templates } = parse(text).zabbix_export;
    expect(basename(path)).toMatch(/^template_[.a-zA-Z0-9()_-]+[.]yaml$/);
    expect(basename(dirname(path))).toBe(version);
    expect(version).toMatch(/^\d[.]\d$/);
    // A template may name those of its own file and of Zabbix only: each file is imported by itself.
    const own = templates.map((template: { readonly template: string }) => template.template);
    const named = [...text.matchAll(/^ +templates:\n +- name: (.+)$/gm)].map(([, name]) => name);
    expect(named.filter((name) => !own.includes(name))).toEqual([]);
  });

  it('hold together what one template needs of another', () => {
    const named = [...templateFiles()].filter(([, text]) => /^ +host_prototypes:/m.test(text));
    expect(named.map(([path]) => basename(path))).toEqual([
      'template_libvirt_guest_by_snmp.yaml',
      'template_libvirt_guest_by_snmp.yaml',
    ]);
    for (const [, text] of named) expect(text).toMatch(/^ +templates:\n +- name: libvirt guest by SNMP$/m);
  });
});
