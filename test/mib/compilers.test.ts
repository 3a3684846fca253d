import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { listNotifications, listObjects } from '../../src/mib/inventory.ts';
import { mibsDirectory } from '../../src/mib/mib-text.ts';
import { formatOid } from '../../src/tree/oid.ts';

// Our modules and stand-ins as the compilers of managers see them, on a host with full modules and on one without.
// The tools are Debian's and npm's, and required: a missing one is a failure, not a reason to skip.

const root = fileURLToPath(new URL('../..', import.meta.url));
const imports = join(mibsDirectory, 'imports');
const modules = ['LIBVIRT-EXT-MIB', 'VM-MIB'] as const;
const standIns = readdirSync(imports);
const scratch = mkdtempSync(join(tmpdir(), 'libvirt-agentx-compilers-'));
const home = { bare: join(scratch, 'bare'), full: join(scratch, 'full') };
/** Full modules, under the names that net-snmp and libsmi look for. */
const full = join(home.full, '.snmp', 'mibs');
const require = createRequire(import.meta.url);
const carried = join(require.resolve('net-snmp'), '..', 'lib', 'mibs');
for (const directory of [join(home.bare, 'cert_indexes'), join(home.full, 'cert_indexes'), full]) {
  mkdirSync(directory, { recursive: true });
}
for (const name of ['SNMPv2-SMI', 'SNMPv2-TC', 'SNMPv2-CONF', 'SNMPv2-MIB', 'IF-MIB', 'IANAifType-MIB']) {
  copyFileSync(join(carried, `${name}.mib`), join(full, name));
}
afterAll(() => rmSync(scratch, { recursive: true }));

const named = (module: string) =>
  [...listObjects(), ...listNotifications()].filter((entry) => entry.module === module);
const oids = Object.fromEntries(
  modules.flatMap((module) => named(module)).map(({ name, absoluteOid }) => [name, formatOid(absoluteOid)]),
);

function run(command: string, args: readonly string[], where: string): string {
  const { stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: where, SNMP_PERSISTENT_DIR: where, MIBS: '' },
  });
  if (error !== undefined) throw error;
  return stdout + stderr;
}

/** Shipped texts that tell where modules are, with the value of -M, MIBDIRS, mibdirs or SMIPATH. */
const told = ['README.md', 'snmpd.conf.example', 'docs', 'contrib', 'mibs', 'test/lab', 'src']
  .flatMap((path) =>
    path.includes('.')
      ? [path]
      : readdirSync(join(root, path), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name).slice(root.length)),
  )
  .flatMap((path) =>
    [
      ...readFileSync(join(root, path), 'utf8').matchAll(/(-M |MIBDIRS=|mibdirs |SMIPATH=)(\S*imports\S*)/g),
    ].map(([, option, value]) => ({
      path,
      option: option?.trim() ?? '',
      value: value?.replace(/[`.]+$/, '').replace(/^"(.*)"$/, '$1') ?? '',
    })),
  );

describe('what is told about directories of modules', () => {
  it('stands in the README and in contrib', () => {
    expect(told.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'README.md',
        'contrib/prometheus/README.md',
        'contrib/snmptrapd/snmptrapd.conf.example',
      ]),
    );
  });

  // net-snmp takes the last of two files with a module, libsmi the first.
  it.each(told)('lets full modules win over the stand-ins: $path, $option $value', ({ option, value }) => {
    const order =
      option === 'SMIPATH=' ? /:\S*\/imports$/ : option === '-M' ? /^-\S*imports:/ : /^-?[^:]*imports:/;
    expect(value).toMatch(order);
  });
});

describe('net-snmp, with the directories as the README has them', () => {
  const told = /-M (-\$M\/imports:\$M) /.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '';
  const directories = told.replaceAll('$M', mibsDirectory);
  const translate = (where: string, wanted: string, ...names: readonly string[]) =>
    run('snmptranslate', ['-M', directories, '-m', wanted, '-On', ...names], where)
      .trim()
      .split(/\n+/);

  it.each(modules)('reads %s where there are no others', (module) => {
    const ours = named(module);
    expect(translate(home.bare, module, ...ours.map(({ name }) => `${module}::${name}`))).toEqual(
      ours.map(({ name }) => `.${oids[name]}`),
    );
  });

  it('leaves full modules what they are, and ours work with them', () => {
    expect(
      translate(
        home.full,
        'LIBVIRT-EXT-MIB:VM-MIB:IF-MIB:SNMPv2-MIB',
        'IF-MIB::ifDescr',
        'SNMPv2-MIB::sysDescr',
        'LIBVIRT-EXT-MIB::lveDomName',
        'VM-MIB::vmName',
      ),
    ).toEqual(['.1.3.6.1.2.1.2.2.1.2', '.1.3.6.1.2.1.1.1', `.${oids['lveDomName']}`, `.${oids['vmName']}`]);
  });
});

describe('libsmi', () => {
  it.each([
    ['without full modules', [mibsDirectory, imports]],
    ['with full modules, the stand-ins last', [mibsDirectory, full, imports]],
  ])('takes our modules %s', (_how, path) => {
    const config = join(scratch, 'smi.conf');
    writeFileSync(config, `path ${path.join(':')}\n`);
    for (const module of modules) {
      expect(run('smilint', ['-c', config, '-l', '6', '-s', join(mibsDirectory, module)], home.bare)).toBe(
        '',
      );
    }
  });
});

/**
 * pysmi's program. Debian 13 brings a version that uses a module of Python without importing it, which goes well
 * where something else has imported it.
 */
const mibdump = `import importlib.machinery, importlib.util, runpy
runpy.run_path('/usr/bin/mibdump', run_name='__main__')`;

describe('pysmi', () => {
  it.each([
    ['without full modules', [mibsDirectory, imports]],
    ['with full modules, the stand-ins last', [mibsDirectory, full, imports]],
  ])('compiles our modules and stand-ins %s', (_how, sources) => {
    const destination = mkdtempSync(join(scratch, 'pysmi-'));
    const output = run(
      '/usr/bin/python3',
      [
        '-c',
        mibdump,
        ...sources.map((source) => `--mib-source=file://${source}`),
        `--mib-borrower=file://${home.bare}`,
        '--destination-format=json',
        `--destination-directory=${destination}`,
        '--rebuild',
        ...modules,
      ],
      home.bare,
    );
    expect(output).toMatch(/^Missing source MIBs: *$/m);
    expect(output).toMatch(/^Failed MIBs: *$/m);
    const compiled: Record<string, string> = {};
    for (const module of modules) {
      const document: Record<string, { readonly oid?: string }> = JSON.parse(
        readFileSync(join(destination, `${module}.json`), 'utf8'),
      );
      for (const [name, { oid }] of Object.entries(document)) if (oid !== undefined) compiled[name] = oid;
    }
    expect(compiled).toMatchObject(oids);
  });
});

/** The part of the package net-snmp that reads modules. */
interface ModuleStore {
  loadFromFile(path: string): void;
  getModule(name: string): Readonly<Record<string, { readonly OID?: string }>>;
}

describe('node-net-snmp', () => {
  const snmp: { createModuleStore(): ModuleStore } = require('net-snmp');
  const load = (...files: readonly string[]) => {
    const complaints = [vi.spyOn(console, 'log'), vi.spyOn(console, 'warn'), vi.spyOn(console, 'error')];
    const store = snmp.createModuleStore();
    for (const file of files) store.loadFromFile(file);
    for (const spy of complaints) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
    return store;
  };
  const needed = standIns.filter((name) => !name.startsWith('SNMPv2-'));
  const ours = modules.map((name) => join(mibsDirectory, name));

  it('loads every stand-in beside the modules that it carries, and gives our objects their numbers', () => {
    const store = load(...standIns.map((name) => join(imports, name)), ...ours);
    for (const module of modules) {
      const objects = store.getModule(module);
      for (const { name } of named(module)) expect(objects[name]?.OID, name).toBe(oids[name]);
    }
  });

  it('reads in our modules with the stand-ins what it reads in them with the full modules', () => {
    const withAll = load(...standIns.map((name) => join(imports, name)), ...ours);
    const withFew = load(...needed.map((name) => join(imports, name)), ...ours);
    for (const module of modules) expect(withAll.getModule(module)).toEqual(withFew.getModule(module));
  });
});

describe('snmpttconvertmib', () => {
  it.each(modules)('makes an EVENT of each notification of %s', (module) => {
    const output = join(scratch, `${module}.conf`);
    const { stdout, error } = spawnSync(
      'snmpttconvertmib',
      [`--in=${join(mibsDirectory, module)}`, `--out=${output}`],
      {
        encoding: 'utf8',
        env: {
          PATH: process.env['PATH'],
          HOME: home.bare,
          SNMP_PERSISTENT_DIR: home.bare,
          MIBDIRS: `${imports}:${mibsDirectory}`,
          MIBS: 'ALL',
        },
      },
    );
    if (error !== undefined) throw error;
    expect(stdout).toMatch(/^Failed translations: +0$/m);
    const events = [...readFileSync(output, 'utf8').matchAll(/^EVENT (\w+) \.(\S+) /gm)].map(
      ([, name, oid]) => [name, oid],
    );
    const ours = listNotifications().filter((entry) => entry.module === module);
    expect(events).toEqual(ours.map(({ name }) => [name, oids[name]]));
  });
});
