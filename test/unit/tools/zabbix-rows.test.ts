import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { releases } from '../../../tools/zabbix/release.ts';
import { guestFile, hostFile } from '../../../tools/zabbix/templates.ts';

// Scripts that work on the rows of discovery rules, run as they stand in the files. Zabbix's own engine runs them in
// test/nms.

type Row = Readonly<Record<string, string>>;

interface DiscoveryRule {
  readonly key: string;
  readonly preprocessing: readonly { readonly type: string; readonly parameters: readonly string[] }[];
}

const rulesOf = (file: unknown): readonly DiscoveryRule[] =>
  JSON.parse(JSON.stringify(file)).zabbix_export.templates.flatMap(
    (template: { discovery_rules: readonly DiscoveryRule[] }) => template.discovery_rules,
  );

function run(rules: readonly DiscoveryRule[], key: string, rows: readonly Row[]): readonly Row[] {
  const [step] = (rules.find((rule) => rule.key === key)?.preprocessing ?? []).filter(
    ({ type }) => type === 'JAVASCRIPT',
  );
  if (step === undefined) throw new Error(`${key} has no script`);
  const made: unknown = runInNewContext(`(function (value) { ${step.parameters[0] ?? ''} })(value)`, {
    value: JSON.stringify(rows),
  });
  return JSON.parse(String(made)) as readonly Row[];
}

const alike = (middle: string): string => `${'ö'.repeat(90)}${middle}${'😀'.repeat(90)}`;

describe.each(releases)('rows of %s', (release) => {
  const ofHost = rulesOf(hostFile(release));
  const ofGuests = rulesOf(guestFile(release));
  const ofMachines = (names: readonly string[]): readonly Row[] =>
    run(
      ofHost,
      'libvirt.vm.discovery',
      names.map((name, at) => ({ '{#SNMPINDEX}': String(at + 1), '{#VM.NAME}': name })),
    );

  it('have the name as it is, and a label that is the same unless the name is long', () => {
    const names = ['web-1', 'größe "q"', '10', '', 'x'.repeat(100)];
    const rows = ofMachines(names);
    expect(rows.map((row) => row['{#VM.NAME}'])).toEqual(names);
    expect(rows.map((row) => row['{#VM.NAME.LABEL}'])).toEqual(names);
  });

  it('have labels that tell long names apart, with whole characters', () => {
    const labels = ofMachines([alike('one'), alike('two')]).map((row) => row['{#VM.NAME.LABEL}'] ?? '');
    expect(labels.map((text) => Array.from(text).length)).toEqual([100, 100]);
    expect(labels[0]).toMatch(/^ö{79}[.]{3}(?:😀){15} #1$/u);
    expect(labels[1]).toMatch(/^ö{79}[.]{3}(?:😀){15} #2$/u);
  });

  const asHosts = (rows: readonly Row[]): readonly Row[] => run(ofGuests, 'libvirt.guest.discovery', rows);
  const host = { '{#SNMPINDEX}': '0', '{#HYPERVISOR}': 'kvm-1.example' };

  it('become hosts with the name of their hypervisor, which is no row', () => {
    const machine = { '{#SNMPINDEX}': '7', '{#VM.NAME}': 'web-1', '{#VM.UUID}': 'some-uuid' };
    expect(asHosts([machine, host])).toEqual([
      { ...machine, '{#VM.HOST}': 'some-uuid kvm-1.example', '{#VM.HOST.LABEL}': 'web-1 (kvm-1.example)' },
    ]);
    const odd = { ...host, '{#HYPERVISOR}': 'größe' };
    expect(asHosts([odd, machine]).map((row) => row['{#VM.HOST}'])).toEqual(['some-uuid gr--e']);
    const long = asHosts([
      { ...machine, '{#VM.NAME}': alike('') },
      { ...host, '{#HYPERVISOR}': 'h'.repeat(250) },
    ]);
    expect(long.map((row) => Array.from(row['{#VM.HOST.LABEL}'] ?? '').length)).toEqual([128]);
    expect(long.map((row) => row['{#VM.HOST}'])).toEqual([`some-uuid ${'h'.repeat(60)}`]);
  });

  it('are none before the hypervisor is known', () => {
    expect(() =>
      asHosts([{ '{#SNMPINDEX}': '7', '{#VM.NAME}': 'web-1', '{#VM.UUID}': 'some-uuid' }]),
    ).toThrow('lveHostName');
    expect(asHosts([host])).toEqual([]);
  });
});
