import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { listNotifications, listObjects } from '../../src/mib/inventory.ts';
import { MibError } from '../../src/mib/mib-error.ts';
import { mibsDirectory, renderMib } from '../../src/mib/mib-text.ts';
import { formatOid } from '../../src/tree/oid.ts';
import { generate } from '../../tools/generate-objects.ts';
import { readModule, type SmiModule } from '../../tools/smidump.ts';

// The modules in mibs/ against independent readers of SMI: libsmi (smilint, smidump) and Net-SNMP.
// Both are required: a missing tool is a failure, not a reason to skip.

const imports = join(mibsDirectory, 'imports');
const modules = ['LIBVIRT-EXT-MIB', 'VM-MIB'] as const;
/** Modules without textual conventions of their own. */
const baseModules = ['SNMPv2-SMI', 'SNMPv2-CONF', 'NET-SNMP-MIB'];
const scratch = mkdtempSync(join(tmpdir(), 'libvirt-agentx-mib-'));

afterAll(() => rmSync(scratch, { recursive: true }));

function lint(file: string, ...directories: string[]): string {
  const config = join(scratch, 'smi.conf');
  writeFileSync(config, `path ${directories.join(':')}\n`);
  const { stdout, stderr, status } = spawnSync('smilint', ['-c', config, '-l', '6', '-s', file], {
    encoding: 'utf8',
  });
  expect(status, 'smilint (Debian package smitools) runs').toBe(0);
  return stdout + stderr;
}

/** Translates names to OIDs with Net-SNMP on a host that has no modules but those given. */
function translate(names: readonly string[], module: string, ...directories: string[]): string[] {
  // On a host that never ran Net-SNMP this directory would be made, with a word about it.
  mkdirSync(join(scratch, 'cert_indexes'), { recursive: true });
  const { stdout, stderr } = spawnSync(
    'snmptranslate',
    ['-m', module, '-M', directories.join(':'), '-On', ...names],
    {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], MIBS: '', HOME: scratch, SNMP_PERSISTENT_DIR: scratch },
    },
  );
  expect(stderr).toBe('');
  return stdout.trim().split(/\n+/);
}

test('objects.gen.ts is what `npm run mib` makes of the modules', () => {
  const committed = readFileSync(new URL('../../src/mib/objects.gen.ts', import.meta.url), 'utf8');
  expect(generate()).toBe(committed);
});

describe.each(modules)('%s', (module) => {
  test('passes smilint at level 6 without a word', () => {
    expect(lint(join(mibsDirectory, module), mibsDirectory, imports)).toBe('');
  });

  test('has the same object identifiers for Net-SNMP as for us, and loads without a word', () => {
    const ours = [...listObjects(), ...listNotifications()].filter((entry) => entry.module === module);
    const names = ours.map(({ name }) => `${module}::${name}`);
    expect(translate(names, module, mibsDirectory, imports)).toEqual(
      ours.map(({ absoluteOid }) => `.${formatOid(absoluteOid)}`),
    );
  });

  test('has no tabs, no trailing blanks and no line over 80 characters', () => {
    const lines = readFileSync(join(mibsDirectory, module), 'utf8').split('\n');
    expect(lines.filter((line) => /\t|\s$/.test(line) || line.length > 80)).toEqual([]);
  });
});

test('every stand-in is needed: some module imports from it', () => {
  const texts = [
    ...modules.map((name) => join(mibsDirectory, name)),
    ...readdirSync(imports).map((name) => join(imports, name)),
  ]
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
  const idle = readdirSync(imports).filter((name) => !new RegExp(`FROM ${name}\\b`).test(texts));
  expect(idle).toEqual([]);
});

test('each notification has what snmpttconvertmib reads, and its arguments exist', () => {
  for (const module of modules) {
    const text = readFileSync(join(mibsDirectory, module), 'utf8');
    for (const notification of listNotifications().filter((entry) => entry.module === module)) {
      const body =
        new RegExp(`\\n${notification.name} NOTIFICATION-TYPE\\n([\\s\\S]*?)::=`).exec(text)?.[1] ?? '';
      expect(body, notification.name).toMatch(/ {4}DESCRIPTION\n/);
      expect(body, notification.name).toMatch(/--#TYPE "[^"]+"\n/);
      expect(body, notification.name).toMatch(/--#SEVERITY (INFORMATIONAL|WARNING|MAJOR|CRITICAL)\n/);
      const summary = /--#SUMMARY "([^"]+)"\n/.exec(body)?.[1] ?? '';
      const given = /--#ARGUMENTS \{([\d, ]+)\}\n/.exec(body)?.[1]?.split(',').map(Number) ?? [];
      expect(given.length, notification.name).toBe(summary.split('%s').length - 1);
      expect(Math.max(...given), notification.name).toBeLessThan(notification.objects.length);
    }
  }
});

describe('renderMib', () => {
  test('is the file itself for the root it is distributed with', () => {
    expect(renderMib()).toBe(readFileSync(join(mibsDirectory, 'LIBVIRT-EXT-MIB'), 'utf8'));
  });

  test.each([
    ['1.3.6.1.4.1.99999', [1, 3, 6, 1, 4, 1, 99_999]],
    ['1.3.6.1.4.1.99999.1', [1, 3, 6, 1, 4, 1, 99_999, 1]],
    ['1.3.6.1.4.1.99999.4.5.6', [1, 3, 6, 1, 4, 1, 99_999, 4, 5, 6]],
    ['1.3.6.1.3.7', [1, 3, 6, 1, 3, 7]],
  ])('moves the module to %s', (text, root) => {
    const directory = join(scratch, text);
    mkdirSync(directory);
    writeFileSync(join(directory, 'LIBVIRT-EXT-MIB'), renderMib({ root }));
    expect(lint(join(directory, 'LIBVIRT-EXT-MIB'), directory, imports)).toBe('');
    expect(translate(['LIBVIRT-EXT-MIB::lveDomName'], 'LIBVIRT-EXT-MIB', directory, imports)).toEqual([
      `.${text}.1.3.1.1.2`,
    ]);
  });

  test('refuses a root that SMI gives to others', () => {
    expect(() => renderMib({ root: [1, 3, 6, 1, 2, 1, 99] })).toThrow(MibError);
  });
});

// The originals of the IETF modules and the first draft, where a checkout has them beside it. They are not
// ours to distribute.
const referees = fileURLToPath(new URL('../../../shared/design/mibs', import.meta.url));
const draft = fileURLToPath(new URL('../../../shared/design/LIBVIRT-EXT-MIB.draft.txt', import.meta.url));

describe.skipIf(!existsSync(referees))('against the originals (skipped where they are not at hand)', () => {
  test('VM-MIB has the names, object identifiers, syntax and access of RFC 7666', () => {
    expect(facts(readModule('VM-MIB', [mibsDirectory, imports]))).toEqual(
      facts(readModule('VM-MIB', [referees])),
    );
  });

  test('LIBVIRT-EXT-MIB still has those of its first draft, whatever was added', () => {
    const directory = join(scratch, 'draft');
    mkdirSync(directory);
    writeFileSync(join(directory, 'LIBVIRT-EXT-MIB'), readFileSync(draft));
    const now = definitionsOf(readModule('LIBVIRT-EXT-MIB', [mibsDirectory, imports]));
    const drafted = definitionsOf(readModule('LIBVIRT-EXT-MIB', [directory, imports]));
    expect(drafted.size).toBeGreaterThan(400);
    for (const [name, definition] of drafted) expect(now.get(name), name).toEqual(extensible(definition));
    const oids = [...now.values()].flatMap((one) => ('oid' in one ? [one.oid] : []));
    expect(new Set(oids).size).toBe(oids.length);
  });

  test('the textual conventions of the stand-ins are those of the originals', () => {
    for (const name of readdirSync(imports).filter((file) => !baseModules.includes(file))) {
      const originals = readModule(name, [referees]).typedefs?.typedef ?? [];
      for (const typedef of readModule(name, [imports]).typedefs?.typedef ?? []) {
        const original = originals.find((candidate) => candidate.name === typedef.name);
        expect(withoutText(typedef), `${name}::${typedef.name}`).toEqual(withoutText(original));
      }
    }
  });

  test('the object identifiers of the stand-ins are those of the originals', () => {
    for (const name of ['SNMPv2-SMI', 'NET-SNMP-MIB']) {
      const ours = identifiers(name, imports);
      expect(ours.length).toBeGreaterThan(10);
      expect(identifiers(name, referees)).toEqual(expect.arrayContaining(ours));
    }
  });
});

/** The names a module gives to object identifiers. */
function identifiers(module: string, directory: string): string[] {
  const config = join(scratch, 'identifiers.conf');
  writeFileSync(config, `path ${directory}\n`);
  // The ranges of the base types are beyond libsmi, those of the original too; -k goes on.
  const { stdout } = spawnSync('smidump', ['-k', '-c', config, '-f', 'identifiers', module], {
    encoding: 'utf8',
  });
  return stdout
    .split('\n')
    .filter((line) => line.startsWith(`${module} `))
    .map((line) => line.replaceAll(/\s+/g, ' '));
}

/** What a manager depends on: everything but the prose. */
function facts(smi: SmiModule): unknown {
  return {
    typedefs: smi.typedefs?.typedef?.map(withoutText),
    scalars: smi.nodes?.scalar?.map(withoutText),
    tables: smi.nodes?.table?.map((table) => ({
      ...withoutText(table),
      row: { ...withoutText(table.row), column: table.row.column.map(withoutText) },
    })),
    notifications: smi.notifications?.notification?.map(withoutText),
  };
}

/** Type, object identifier and access of each type, object and notification by name. */
function definitionsOf(smi: SmiModule): ReadonlyMap<string, object> {
  const tables = smi.nodes?.table ?? [];
  const all = [
    ...(smi.typedefs?.typedef ?? []),
    ...(smi.nodes?.scalar ?? []),
    ...tables.map(({ row: _, ...table }) => table),
    ...tables.map(({ row: { column: _, ...row } }) => row),
    ...tables.flatMap(({ row }) => row.column),
    ...(smi.notifications?.notification ?? []),
  ];
  return new Map(all.map((one) => [one.name ?? '', withoutText(one)]));
}

/** The same, or with further labels of an enumeration. */
function extensible(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(extensible);
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      key === 'namednumber' ? expect.arrayContaining(part) : extensible(part),
    ]),
  );
}

function withoutText(node: object | undefined): object {
  return { ...node, description: '', reference: '' };
}
