import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { type Build, buildProgram, type Finished, runCommand } from '../../support/command.ts';

let directory = '';
let build: Build;

beforeAll(async () => {
  build = await buildProgram();
  directory = await mkdtemp(join(tmpdir(), 'lvecli-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
  await build.remove();
});

function command(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
  return runCommand(build, args, env);
}

describe('help', () => {
  it('teaches with examples, signals and exit codes', async () => {
    const { exitCode, stdout, stderr } = await command(['--help']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    await expect(stdout).toMatchFileSnapshot('help.txt');
  });

  it.each(['run', 'check'])('explains %s and the settings', async (name) => {
    const { exitCode, stdout } = await command([name, '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`libvirt-agentx ${name}`);
    expect(stdout).toContain('--uri <value>');
  });

  it('prints the version', async () => {
    const { exitCode, stdout } = await command(['--version']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${packageJson.version}\n` });
  });
});

describe('exit code', () => {
  it.each([
    ['an unknown command', ['chek'], '"chek" is not a command; did you mean "check"?'],
    [
      'a command nothing is like',
      ['frobnicate'],
      'the commands are run, dump, check, notify-test, mib, contrib, config, credential',
    ],
    ['an unknown option', ['dump', '--ury', 'x'], "unknown option '--ury'"],
    ['an option without its value', ['--uri'], "option '--uri <value>' argument missing"],
    [
      'a format that does not exist',
      ['dump', '--format', 'xml'],
      'Allowed choices are walk, json, prometheus, influx',
    ],
    ['a setting without a value', ['config', '--set', 'log.level'], 'expected KEY=VALUE'],
    ['a root that is no OID', ['mib', '--root', 'here'], '--root here: expected an OID'],
  ])('64 for %s', async (_name, args, text) => {
    const { exitCode, stdout, stderr } = await command(args);
    expect(stderr).toContain(text);
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
  });

  it('78 for a configuration that is not valid', async () => {
    const file = join(directory, 'bad.toml');
    await writeFile(file, '[collect]\ninterval = 0\nintervall = 5\n');
    for (const name of ['run', 'dump']) {
      const { exitCode, stderr } = await command([name, '--config', file]);
      expect(stderr).toContain(`${file}:2: collect.interval: must be`);
      expect(stderr).toContain(`${file}:3: collect.intervall: unknown key`);
      expect(exitCode).toBe(78);
    }
  });

  it('78 for a file that does not exist', async () => {
    const { exitCode, stderr } = await command(['config', '--config', join(directory, 'absent.toml')]);
    expect(stderr).toContain('there is no such file');
    expect(exitCode).toBe(78);
  });

  it('69 where there is no libvirt', async () => {
    const uri = `qemu+unix:///system?socket=${join(directory, 'absent-sock')}`;
    const { exitCode, stderr } = await command(['dump', '--uri', uri]);
    expect(stderr).toContain(join(directory, 'absent-sock'));
    expect(exitCode).toBe(69);
  });
});

describe('config', () => {
  it('prints what is in effect and where it is from', async () => {
    const file = join(directory, 'good.toml');
    await writeFile(file, '[collect]\nretention = 60\n');
    const { exitCode, stdout } = await command(['--interval', '30', 'config', '-s', 'log.level=debug'], {
      LIBVIRT_AGENTX_CONFIG: file,
      LIBVIRT_AGENTX_AGENTX_PRIORITY: '5',
    });
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`# Configuration file: ${file}\n`);
    expect(stdout).toContain('interval = 30  # option --interval\n');
    expect(stdout).toContain('retention = 60  # file\n');
    expect(stdout).toContain('priority = 5  # environment LIBVIRT_AGENTX_AGENTX_PRIORITY\n');
    expect(stdout).toContain('level = "debug"  # option --set log.level\n');
    expect(parse(stdout)).toHaveProperty('collect.interval', 30);
  });

  it('takes options before and after the command', async () => {
    const before = await command(['--uri', 'test:///default', 'config']);
    const after = await command(['config', '--uri', 'test:///default']);
    expect(before.stdout).toContain('uri = "test:///default"  # option --uri');
    expect(after.stdout).toBe(before.stdout);
  });
});

describe('mib', () => {
  it('prints the module under another root', async () => {
    const { exitCode, stdout } = await command(['mib', '--root', '1.3.6.1.4.1.99999.1']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^LIBVIRT-EXT-MIB DEFINITIONS/m);
    expect(stdout).toContain('99999');
  });
});
