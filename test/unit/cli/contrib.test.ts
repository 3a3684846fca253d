import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { contrib as printContrib } from '../../../src/cli/contrib.ts';
import { type Build, buildProgram, runCommand } from '../../support/command.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const distributed = '1.3.6.1.4.1.8072.9999.9999.16514';
const own = '1.3.6.1.4.1.99999.1';

let build: Build;
beforeAll(async () => {
  build = await buildProgram();
});
afterAll(() => build.remove());

const contrib = (...args: readonly string[]) => runCommand(build, ['contrib', ...args]);

/** The same without a process for each: there are many files. */
async function printed(name: string): Promise<string> {
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    expect(await printContrib({ name, root: distributed })).toBe(0);
  } finally {
    write.mockRestore();
  }
  return text;
}

describe('contrib', () => {
  it('lists what there is, and prints each as it is distributed', async () => {
    const { stdout, exitCode } = await contrib();
    expect(exitCode).toBe(0);
    const names = stdout.trimEnd().split('\n');
    expect(names).toEqual(
      expect.arrayContaining(['snmpd.conf', 'prometheus/snmp.yml', 'snmptrapd/libvirt-trap']),
    );
    expect(names).toEqual([...names].sort());
    for (const name of names) {
      const file = name === 'snmpd.conf' ? 'snmpd.conf.example' : `contrib/${name}`;
      expect(await printed(name), name).toBe(readFileSync(`${root}/${file}`, 'utf8'));
    }
  });

  it.each([
    ['the root of an option', ['--root', own]],
    ['the root in use', ['--mib-root', own]],
  ])(
    'prints %s in place of the distributed one',
    async (_which, args) => {
      for (const name of ['snmpd.conf', 'snmptt/libvirt-agentx.conf', 'snmp.yml', 'snmp-0.21.yml']) {
        const { stdout } = await contrib(name, ...args);
        expect(stdout).not.toContain(distributed);
        expect(stdout).toBe((await contrib(name)).stdout.replaceAll(distributed, own));
      }
    },
    60_000,
  );

  it('takes the end of a name that no other has', async () => {
    expect((await contrib('snmp.yml')).stdout).toBe((await contrib('prometheus/snmp.yml')).stdout);
  });

  it.each([
    [['prometheus/snmp.yaml'], 'is no file of contrib; did you mean prometheus/snmp.yml?'],
    [['../package.json'], 'is no file of contrib'],
    [['snmpd.conf', '--root', 'x'], '--root x: expected an OID'],
  ])('refuses %j', async (args, words) => {
    const { stdout, stderr, exitCode } = await contrib(...args);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 64 });
    expect(stderr).toContain(words);
  });
});
