import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeProgram } from '../../../src/cli/program.ts';
import { settings } from '../../../src/config/settings.ts';
import { type BundledPackage, bundle } from '../../../tools/bundle.ts';
import { programTexts } from '../../../tools/program-text.ts';

const program = makeProgram({ version: '0', onDone: () => {} });
const texts = new Map(programTexts().map(({ path, text }) => [path.split('/').at(-1) ?? '', text]));
const scratch = mkdtempSync(join(tmpdir(), 'lvetexts-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const textOf = (name: string): string => texts.get(name) ?? '';
/** A page as it is read, in one line. */
const read = (name: string): string =>
  textOf(name).replaceAll('\\-', '-').replaceAll('\\e', '\\').replaceAll('\n', ' ');

describe('the manual pages', () => {
  it('explain every command with every option', () => {
    const page = read('libvirt-agentx.8');
    for (const command of [program, ...program.commands]) {
      expect(page).toContain(command.description());
      for (const option of command.options)
        expect(page).toContain(`.B ${option.flags} ${option.description}`);
    }
  });

  it('explain every setting', () => {
    const page = read('libvirt-agentx.toml.5');
    for (const { name, help } of settings) expect(page).toContain(`.TP .B ${name} ${help}`.trim());
    for (const { env } of settings) expect(page).toContain(env);
  });

  it.each(['libvirt-agentx.8', 'libvirt-agentx.toml.5'])(
    '%s has no line that troff takes for a request',
    (name) => {
      const requests = textOf(name)
        .split('\n')
        .filter((line) => /^[.']/.test(line))
        .map((line) => line.split(' ')[0] ?? '');
      expect([...new Set(requests)].sort()).toEqual(
        expect.not.arrayContaining([
          expect.not.stringMatching(/^\.(TH|SH|SS|TP|B|BR|RS|RE|ad|nh|nf|fi|sp)$/),
        ]),
      );
    },
  );
});

describe('completion by bash', () => {
  /** What bash offers for the last word. */
  function offered(...words: readonly string[]): readonly string[] {
    const file = join(scratch, 'completion');
    writeFileSync(file, textOf('libvirt-agentx'));
    const script = `. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _libvirt_agentx; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', file, 'libvirt-agentx', ...words], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    return stdout.trimEnd().split('\n').sort();
  }

  it('knows the commands', () => {
    expect(offered('c')).toEqual(
      program.commands
        .map((command) => command.name())
        .filter((name) => name.startsWith('c'))
        .sort(),
    );
  });

  it('knows the options of a command, and the words that one takes', () => {
    expect(offered('mib', '--m')).toEqual(['--mib-root', '--module']);
    expect(offered('mib', '--module', '')).toEqual(['LIBVIRT-EXT-MIB', 'VM-MIB']);
    expect(offered('dump', '-f', 'j')).toEqual(['json']);
  });
});

describe('the bundle', () => {
  it('runs, and shows the licence of each package inside', async () => {
    const packages: readonly BundledPackage[] = await bundle(join(scratch, 'lib', 'bundle'));
    expect(packages.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['commander', 'pino', 'saxes', 'xpath']),
    );
    for (const { name, license, text } of packages) {
      expect(license, name).toMatch(/^(MIT|ISC|BSD-[23]-Clause|Apache-2\.0|0BSD|BlueOak-1\.0\.0)$/);
      expect(text, name).toMatch(/permission|redistribution|license/i);
    }
    writeFileSync(join(scratch, 'package.json'), '{ "version": "1.2.3", "type": "module" }');
    const { stdout } = spawnSync(
      process.execPath,
      [join(scratch, 'lib/bundle/libvirt-agentx.js'), '--version'],
      {
        encoding: 'utf8',
      },
    );
    expect(stdout).toBe('1.2.3\n');
  });
});
