import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { listObjects } from '../../../src/mib/inventory.ts';
import { formatOid } from '../../../src/tree/oid.ts';
import { alertsFor } from '../../../tools/prometheus/alert.ts';
import { alertCases } from '../../../tools/prometheus/alert-case.ts';
import { prometheusFiles } from '../../../tools/prometheus/prometheus-files.ts';
import { metricsOf, snmpFamilies } from '../../../tools/prometheus/snmp-metric.ts';
import { snmpModules } from '../../../tools/prometheus/snmp-module.ts';
import { sources } from '../../../tools/prometheus/source.ts';
import { canSay, type SnmpFormat, valueRule } from '../../../tools/prometheus/value-rule.ts';
import { repositoryPath } from '../../lab/mib-path.ts';

const directory = join(repositoryPath, 'contrib/prometheus');
const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
const has = (command: string): boolean => spawnSync(command, ['--version']).error === undefined;

describe.each([...prometheusFiles()])('%s', (path, text) => {
  test("is that of its declaration (else run 'npm run docs')", () => {
    expect(readFileSync(join(repositoryPath, path), 'utf8')).toBe(text);
  });
});

/** What tests look at of a file for snmp_exporter. */
interface SnmpModuleFile {
  readonly walk?: readonly string[];
  readonly get?: readonly string[];
  readonly metrics: readonly {
    readonly name: string;
    readonly oid: string;
    readonly type: string;
    readonly scale?: number;
    readonly offset?: number;
    readonly indexes?: readonly { readonly labelname: string }[];
    readonly lookups?: readonly {
      readonly labels: readonly string[];
      readonly labelname: string;
      readonly oid: string;
    }[];
    readonly regex_extracts?: Readonly<Record<string, unknown>>;
  }[];
}

const formats: readonly (readonly [file: string, SnmpFormat])[] = [
  ['snmp.yml', '0.23'],
  ['snmp-0.21.yml', '0.21'],
];

describe.each(formats)("%s, which npm run snmp-yml makes with snmp_exporter's generator", (file, format) => {
  const parsed = parse(read(file)) as Record<string, unknown>;
  const modules = (format === '0.21' ? parsed : parsed['modules']) as Readonly<
    Record<string, SnmpModuleFile>
  >;
  const oids = new Map(listObjects().map(({ name, absoluteOid }) => [name, formatOid(absoluteOid)]));

  test('has the modules', () => {
    expect(Object.keys(modules)).toEqual(snmpModules.map(({ name }) => name));
  });

  test.each(snmpModules.map((module) => [module.name, module] as const))(
    '%s is that of the MIB',
    (name, module) => {
      const found = (modules[name]?.metrics ?? []).map(
        ({ lookups = [], regex_extracts = {}, ...metric }) => ({
          name: metric.name,
          oid: metric.oid,
          scale: metric.scale,
          offset: metric.offset,
          suffixes: Object.keys(regex_extracts).sort(),
          lookups: lookups.map(({ labelname, oid }) => `${labelname} ${oid}`).sort(),
        }),
      );
      const wanted = metricsOf(module)
        .filter((metric) => canSay(metric, format))
        .map((metric) => {
          const rule = valueRule(metric, format);
          return {
            name: metric.name,
            oid: oids.get(metric.object),
            scale: rule?.scale,
            offset: rule?.offset,
            suffixes: Object.keys(rule?.regex_extracts ?? {}).sort(),
            lookups: metric.lookups.map(({ label, column }) => `${label} ${oids.get(column)}`).sort(),
          };
        });
      const byOid = (one: { oid?: string | undefined }, other: { oid?: string | undefined }): number =>
        String(one.oid) < String(other.oid) ? -1 : 1;
      expect(found.sort(byOid), "run 'npm run snmp-yml' as root: it needs mmdebstrap").toEqual(
        wanted.sort(byOid),
      );
    },
  );

  test('has no name of an object left, and the name and the UUID of the VM in every series of one', () => {
    for (const { metrics } of Object.values(modules)) {
      for (const { name, indexes = [], lookups = [] } of metrics) {
        const labels = [...indexes, ...lookups].map(({ labelname }) => labelname);
        expect([name, ...labels].filter((one) => !/^[a-z][a-z_0-9]*$/.test(one))).toEqual([]);
        if (name.startsWith('libvirt_domain_')) {
          expect(labels, name).toEqual(expect.arrayContaining(['domain', 'uuid', 'domain_index']));
        }
        expect(new Set(labels).size, `${name} has a label twice`).toBe(labels.length);
      }
    }
  });
});

test('no two objects give series of one name', () => {
  const names = snmpModules.flatMap((module) =>
    metricsOf(module).flatMap(({ name, series }) => series?.map((one) => one.name) ?? [name]),
  );
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  expect(snmpFamilies().size).toBe(names.length);
});

/** What to make with which version; others may write the same in other ways. */
const inputs: Readonly<Record<string, readonly [file: string, input: string]>> = {
  '0.21': ['snmp-0.21.yml', 'generator-0.21.yml'],
  '0.28': ['snmp.yml', 'generator.yml'],
};

function installedVersion(): string {
  const { stdout, stderr, error } = spawnSync('prometheus-snmp-exporter', ['--version'], {
    encoding: 'utf8',
  });
  return error === undefined ? (/version (\d+\.\d+)/.exec(`${stdout}${stderr}`)?.[1] ?? '') : '';
}

const [file, input] = inputs[installedVersion()] ?? [];

test.skipIf(file === undefined)(
  'the generator of this host makes the file for it (needs prometheus-snmp-exporter 0.21 or 0.28)',
  () => {
    const made = mkdtempSync(join(tmpdir(), 'generator-'));
    try {
      cpSync(join(directory, input ?? ''), join(made, 'generator.yml'));
      const { stderr, status } = spawnSync(
        'prometheus-snmp-generator',
        ['generate', `--output-path=${made}/made.yml`],
        {
          cwd: made,
          encoding: 'utf8',
          env: { ...process.env, MIBDIRS: `${repositoryPath}/mibs/imports:${repositoryPath}/mibs` },
        },
      );
      expect(status, stderr).toBe(0);
      const named = spawnSync('sed', ['-f', join(directory, 'names.sed'), join(made, 'made.yml')], {
        encoding: 'utf8',
      });
      expect(named.stdout).toBe(read(file ?? ''));
    } finally {
      rmSync(made, { recursive: true, force: true });
    }
  },
);

describe.each(sources.map((source) => [source.name, source] as const))('alerts for %s', (name, source) => {
  const alerts = alertsFor(source);

  test('ask for what there is', () => {
    for (const alert of alerts) {
      const families = alert.expr(source).match(/\blibvirt_\w+/g) ?? [];
      for (const family of families) expect(() => source.family(family), alert.name).not.toThrow();
    }
  });

  test('are each tested as they come and as they do not', () => {
    for (const { name } of alerts) {
      const checks = alertCases.filter(({ alert }) => alert === name).flatMap((one) => one.checks);
      expect(checks.filter(([, ...expected]) => expected.length > 0).length, name).toBeGreaterThan(0);
      expect(checks.filter(([, ...expected]) => expected.length === 0).length, name).toBeGreaterThan(0);
    }
  });

  test.skipIf(!has('promtool'))(
    'come when they should and last as long as they should (needs promtool, Debian package prometheus)',
    () => {
      const rules = spawnSync('promtool', ['check', 'rules', `alerts-${name}.yml`], {
        cwd: directory,
        encoding: 'utf8',
      });
      expect(rules.stdout + rules.stderr).toContain(`SUCCESS: ${alerts.length} rules found`);
      const { stdout, stderr, status } = spawnSync('promtool', ['test', 'rules', `alerts-${name}.test.yml`], {
        cwd: directory,
        encoding: 'utf8',
      });
      expect(`${stdout}${stderr}`).toContain('SUCCESS');
      expect(status).toBe(0);
    },
    300_000,
  );
});

test.skipIf(!has('promtool'))('the example for prometheus.yml is one (needs promtool)', () => {
  const { stdout, stderr } = spawnSync('promtool', ['check', 'config', 'prometheus.example.yml'], {
    cwd: directory,
    encoding: 'utf8',
  });
  expect(stdout + stderr).toContain('valid prometheus config file syntax');
});

test('every file is spoken of in the README beside it', () => {
  const readme = read('README.md');
  expect(
    readdirSync(directory).filter((name) => name !== 'README.md' && !readme.includes(`\`${name}\``)),
  ).toEqual([]);
});
