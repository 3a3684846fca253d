import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { definitions } from '../../../src/mib/definitions.ts';
import { listObjects } from '../../../src/mib/inventory.ts';
import { formatOid } from '../../../src/tree/oid.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../../contrib/prometheus/${name}`, import.meta.url), 'utf8');
const generator = read('generator.yml');
const walked = [...generator.matchAll(/^ {6}- (\w+)$/gm)].map((match) => match[1] ?? '');
const overrides = new Map(
  [...generator.matchAll(/^ {6}(\w+): \{ (.+) \}$/gm)].map((match) => [match[1] ?? '', match[2] ?? '']),
);

const scales: Readonly<Record<string, string>> = {
  microsecond: 'scale: 0.000001',
  microseconds: 'scale: 0.000001',
  milliseconds: 'scale: 0.001',
  hundredths: 'scale: 0.01',
  'hundredths of a percent': 'scale: 0.01',
};

describe('contrib/prometheus', () => {
  test('generator.yml walks objects that exist', () => {
    expect(walked.length).toBeGreaterThan(50);
    expect(walked.filter((name) => !Object.hasOwn(definitions, name))).toEqual([]);
  });

  test.each(walked)('generator.yml treats %s by its type and unit', (name) => {
    const { kind, units } = definitions[name as keyof typeof definitions] as {
      readonly kind: string;
      readonly units?: string;
    };
    const byUnit = /^vmStorage\w+Latency$/.test(name) ? 'scale: 0.000001' : scales[units ?? ''];
    expect(overrides.get(name)).toBe(kind === 'gauge64' ? 'type: gauge' : byUnit);
  });

  test('snmp.yml has the numbers of the modules', () => {
    const generated = new Map(
      [...read('snmp.yml').matchAll(/^ {4}- name: (\w+)\n {6}oid: ([\d.]+)$/gm)].map((match) => [
        match[1] ?? '',
        match[2] ?? '',
      ]),
    );
    const oids = new Map(listObjects().map(({ name, absoluteOid }) => [name, formatOid(absoluteOid)]));
    for (const name of walked) expect(generated.get(name), name).toBe(oids.get(name));
  });

  test.skipIf(spawnSync('promtool', ['--version']).error !== undefined)(
    'alerts come when they should and last as long as they should (needs promtool, Debian package prometheus)',
    () => {
      const directory = fileURLToPath(new URL('../../../contrib/prometheus', import.meta.url));
      const { stdout, stderr, status } = spawnSync('promtool', ['test', 'rules', 'alerts.test.yml'], {
        cwd: directory,
        encoding: 'utf8',
      });
      expect(`${stdout}${stderr}`).toContain('SUCCESS');
      expect(status).toBe(0);
    },
  );

  test('alerts.yml asks for metrics that are collected', () => {
    const asked = [...read('alerts.yml').matchAll(/^ {8}expr: (.+)$/gm)].flatMap((match) =>
      [...(match[1] ?? '').matchAll(/\blve[A-Z]\w+/g)].map(([name]) => name),
    );
    const labels = new Set(['lveDomUuid', 'lveCollectorId']);
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter((name) => !walked.includes(name) && !labels.has(name))).toEqual([]);
  });
});
