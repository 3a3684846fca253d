import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, issueText } from '../../../src/config/config-error.ts';
import { effectiveToml } from '../../../src/config/document.ts';
import { type HypervisorConfig, hypervisorConfigs } from '../../../src/config/hypervisor-configs.ts';
import { type ConfigSources, loadConfig } from '../../../src/config/load.ts';

let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lvehv-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function load(toml: string, more: Partial<ConfigSources> = {}): ReturnType<typeof loadConfig> {
  const file = join(directory, 'agent.toml');
  await writeFile(file, toml);
  return await loadConfig({ file, env: {}, flags: [], ...more });
}

async function problems(toml: string, more: Partial<ConfigSources> = {}): Promise<readonly string[]> {
  try {
    await load(toml, more);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.issues.map((issue) => issueText(issue).replaceAll(`${directory}/`, ''));
  }
  return [];
}

async function hypervisors(toml: string): Promise<readonly HypervisorConfig[]> {
  return hypervisorConfigs((await load(toml)).config);
}

const two = `[[hypervisors]]
name = "a"
uri = "qemu+unix:///system"
[[hypervisors]]
name = "b"
uri = "test:///default"
`;

describe('hypervisors', () => {
  it('is the one of libvirt.uri where none is listed', async () => {
    const { config } = await load('[libvirt]\nuri = "test:///default"');
    expect(hypervisorConfigs(config)).toEqual([{ name: '', isDefault: true, config }]);
  });

  it('have the settings of all, and their own instead', async () => {
    const toml = `[collect]
interval = 20
exclude = ["^x"]
[state]
directory = "/state"
${two}collect.interval = 30
[hypervisors.libvirt]
call_timeout = 5
[hypervisors.intervals]
pools = 300
`;
    const [a, b] = await hypervisors(toml);
    expect(a?.config.collect).toMatchObject({ interval: 20, exclude: [/^x/] });
    expect(a?.config.libvirt).toMatchObject({ callTimeout: 3 });
    expect(a?.config.intervals).toMatchObject({ pools: 60 });
    expect(b?.config.collect).toMatchObject({ interval: 30, exclude: [/^x/] });
    expect(b?.config.libvirt).toMatchObject({ callTimeout: 5, uri: { shown: 'test:///default' } });
    expect(b?.config.intervals).toMatchObject({ pools: 300 });
    expect([a, b].map((each) => each?.config.state.directory)).toEqual([
      '/state/hypervisors/a',
      '/state/hypervisors/b',
    ]);
  });

  it('has the first in the default context, or the one that says so', async () => {
    expect((await hypervisors(two)).map(({ isDefault }) => isDefault)).toEqual([true, false]);
    expect((await hypervisors(`${two}default = true`)).map(({ isDefault }) => isDefault)).toEqual([
      false,
      true,
    ]);
  });

  it.each([
    [
      'a second uri',
      `${two}libvirt.uri = "test:///default"`,
      'agent.toml:7: hypervisors[1].libvirt.uri: is the uri of the hypervisor itself: leave this one out',
    ],
    [
      'a name twice',
      two.replace('"b"', '"A"'),
      'agent.toml:5: hypervisors[1].name: another hypervisor is called "a" already',
    ],
    [
      'no path in a name',
      two.replace('"b"', '"../b"'),
      'agent.toml:5: hypervisors[1].name: must be 1 to 32 letters, digits, "_", "." or "-", and begin with a letter or digit',
    ],
    [
      'a name too long',
      two.replace('"b"', `"${'b'.repeat(33)}"`),
      'agent.toml:5: hypervisors[1].name: must be 1 to 32 letters, digits, "_", "." or "-", and begin with a letter or digit',
    ],
    [
      'no uri',
      '[[hypervisors]]\nname = "a"',
      'agent.toml:1: hypervisors[0].uri: must be a libvirt connection URI such as "qemu:///system"',
    ],
    [
      'two defaults',
      two.replace(
        '[[hypervisors]]\nname = "b"',
        'default = true\n[[hypervisors]]\nname = "b"\ndefault = true',
      ),
      'agent.toml:7: hypervisors[1].default: "a" is the default one already',
    ],
    [
      'a value that is not allowed',
      `${two}[hypervisors.collect]\ninterval = 0`,
      'agent.toml:8: hypervisors[1].collect.interval: must be 1 to 3600 whole seconds, as a number or a text such as',
    ],
    [
      'an unknown setting',
      `${two}[hypervisors.collect]\nintervall = 5`,
      'agent.toml:8: hypervisors[1].collect.intervall: unknown key; did you mean "collect.interval"?',
    ],
    [
      'a section that is not its own',
      `${two}[hypervisors.http]\naddress = "127.0.0.1:1"`,
      'agent.toml:7: hypervisors[1].http: unknown key; did you mean',
    ],
    [
      'no list',
      'hypervisors = "a"',
      'agent.toml:1: hypervisors: must be a list of tables: [[hypervisors]] with name and uri',
    ],
    [
      'libvirt.uri beside it',
      `[libvirt]\nuri = "test:///default"\n${two}`,
      'agent.toml:2: libvirt.uri: is of no use beside [[hypervisors]], each of which has its uri: leave it out, or make it one of them',
    ],
    [
      'a context twice',
      `[agentx]\ncontexts = ["b"]\n${two}`,
      'agent.toml:7: hypervisors[1].name: "b" is in agentx.contexts already, which is for further contexts of the default one',
    ],
  ])('refuses %s', async (_name, toml, expected) => {
    const [only, ...more] = await problems(toml);
    expect(only?.slice(0, expected.length)).toBe(expected);
    expect(more).toEqual([]);
  });

  it('refuses --uri beside it, but not what other programs have in the environment', async () => {
    const flags = [{ key: 'libvirt.uri', option: '--uri', text: 'test:///default' }];
    expect(await problems(two, { flags })).toEqual([
      '--uri: libvirt.uri: is of no use beside [[hypervisors]], each of which has its uri: leave it out, or make it one of them',
    ]);
    expect(await problems(two, { env: { LIBVIRT_DEFAULT_URI: 'test:///default' } })).toEqual([]);
  });

  it('shows no user of theirs', async () => {
    const toml = '[[hypervisors]]\nname = "a"\nuri = "qemu+tcp://joe@h.example/system"';
    const shown = effectiveToml(await load(toml));
    expect(shown).toContain('uri = "qemu+tcp://***@h.example/system"');
    expect(shown).not.toContain('joe');
  });

  it('are printed so that they are read again', async () => {
    const first = await load(`${two}collect.interval = 30`);
    const second = await load(effectiveToml(first));
    expect(second.config.hypervisors).toEqual(first.config.hypervisors);
  });
});
