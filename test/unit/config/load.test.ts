import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { ConfigError, issueText } from '../../../src/config/config-error.ts';
import { domainFilter } from '../../../src/config/domain-filter.ts';
import { type ConfigSources, loadConfig } from '../../../src/config/load.ts';

let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lveconf-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

interface Given {
  readonly toml?: string;
  readonly env?: ConfigSources['env'];
  readonly flags?: ConfigSources['flags'];
}

async function load({ toml = '', env = {}, flags = [] }: Given): ReturnType<typeof loadConfig> {
  const file = join(directory, 'agent.toml');
  await writeFile(file, toml);
  return await loadConfig({ file, env, flags });
}

/** The problems of a configuration as people read them; the directory of the file is left out. */
async function problems(given: Given): Promise<readonly string[]> {
  try {
    await load(given);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.code).toBe('CONFIG_INVALID');
    return error.issues.map((issue) => issueText(issue).replaceAll(`${directory}/`, ''));
  }
  return [];
}

function interval(seconds: string) {
  return { key: 'collect.interval', option: '--interval', text: seconds };
}

describe('precedence', () => {
  const toml = '[collect]\ninterval = 20\n';
  const env = { LIBVIRT_AGENTX_COLLECT_INTERVAL: '30' };

  it.each([
    ['default', {}, 10, undefined],
    ['file', { toml }, 20, 'file'],
    ['environment', { toml, env }, 30, 'environment LIBVIRT_AGENTX_COLLECT_INTERVAL'],
    ['option', { toml, env, flags: [interval('40')] }, 40, 'option --interval'],
    ['later option', { flags: [interval('40'), interval('50')] }, 50, 'option --interval'],
    ['empty variable', { toml, env: { LIBVIRT_AGENTX_COLLECT_INTERVAL: '' } }, 20, 'file'],
  ])('%s', async (_name, given: Given, seconds, origin) => {
    const { config, origins } = await load(given);
    expect(config.collect.interval).toBe(seconds);
    expect(origins.get('collect.interval')).toBe(origin);
  });

  it('takes the URI from LIBVIRT_DEFAULT_URI only where nothing else says one', async () => {
    const env = { LIBVIRT_DEFAULT_URI: 'test:///default' };
    expect((await load({ env })).config.libvirt.uri.text).toBe('test:///default');
    const toml = '[libvirt]\nuri = "qemu:///session"';
    expect((await load({ env, toml })).config.libvirt.uri.text).toBe('qemu:///session');
    expect((await load({})).config.libvirt.uri.text).toBe('qemu:///system');
  });

  it('takes the first directory of STATE_DIRECTORY', async () => {
    const env = { STATE_DIRECTORY: '/var/lib/first:/var/lib/second' };
    expect((await load({ env })).config.state.directory).toBe('/var/lib/first');
  });
});

describe('values', () => {
  async function valueIn<T>(toml: string, pick: (config: Config) => T): Promise<T> {
    return pick((await load({ toml })).config);
  }

  it.each([
    ['3', 3],
    ['0.5', 0.5],
    ['"500ms"', 0.5],
    ['"5 s"', 5],
    ['"2m"', 120],
  ])('reads the duration %s', async (text, seconds) => {
    const toml = `[libvirt]\ncall_timeout = ${text}`;
    expect(await valueIn(toml, (config) => config.libvirt.callTimeout)).toBe(seconds);
  });

  it('resolves selectors in the order of the MIB', async () => {
    const toml = '[collect]\nextra_stats = ["vcpu", "cpu_util", "perf", "-vcpu"]';
    expect(await valueIn(toml, (config) => config.collect.extraStats)).toEqual(['cpu_util', 'perf']);
  });

  it('leaves what needs a read-write connection out of the default selectors', async () => {
    const chosen = await valueIn('', (config) => config.collect.extraStats);
    expect(chosen).toContain('cpu_util');
    expect(
      chosen.filter((name) => ['guest', 'fs_info', 'xml', 'raw', 'block_layers'].includes(name)),
    ).toEqual([]);
  });

  it('reads lists of the environment with commas or blanks', async () => {
    const { config } = await load({ env: { LIBVIRT_AGENTX_AGENTX_CONTEXTS: 'north, south' } });
    expect(config.agentx.contexts).toEqual(['north', 'south']);
  });

  it.each([
    ['as in the file', '["north", "so uth"]', ['north', 'so uth']],
    ['with other quotes', "[ 'north' ]", ['north']],
    ['empty', '[]', []],
  ])('takes a list %s', async (_what, text, contexts) => {
    const flags = [{ key: 'agentx.contexts', option: '--set', text }];
    expect((await load({ flags })).config.agentx.contexts).toEqual(contexts);
  });

  it('refuses what only begins like a list, unless it is a regular expression', async () => {
    const set = (key: string, text: string) => ({ flags: [{ key, option: '--set', text }] });
    expect(await problems(set('agentx.contexts', '[kvm,x]'))).toEqual([
      expect.stringContaining('a list of at most 16 context names'),
    ]);
    const { config } = await load(set('collect.exclude', '[ab]-test ^x'));
    expect(config.collect.exclude.map(({ source }) => source)).toEqual(['[ab]-test', '^x']);
  });

  it.each([
    ['true', true],
    ['yes', true],
    ['0', false],
  ])('reads the switch %s of the environment', async (text, on) => {
    const { config } = await load({ env: { LIBVIRT_AGENTX_LIBVIRT_READ_WRITE: text } });
    expect(config.libvirt.readWrite).toBe(on);
  });

  it('admits domains by include and exclude', async () => {
    const toml = '[collect]\ninclude = ["^web"]\nexclude = ["-test$"]';
    const admits = await valueIn(toml, (config) => domainFilter(config.collect));
    expect(['web1', 'web-test', 'db1'].map(admits)).toEqual([true, false, false]);
  });

  it('accepts event names in severities as the documentation spells them', async () => {
    const toml = '[severity]\n"paused/user" = "okay"\n"event:io-error" = "warning"';
    expect(await valueIn(toml, (config) => config.severity)).toEqual({
      'paused/user': 'okay',
      'event:ioError': 'warning',
    });
  });

  it('excludes from the table of parameters what is of no use to most', async () => {
    const patterns = await valueIn('', (config) => config.collect.statExclude);
    const excluded = (name: string): boolean => patterns.some((pattern) => pattern.test(name));
    expect(excluded('vcpu.3.halt_wakeup.sum')).toBe(true);
    expect(excluded('vm.remote_tlb_flush.sum')).toBe(true);
    expect(excluded('block.12.limits.request_alignment')).toBe(true);
    expect(excluded('dirtyrate.calc_start_time')).toBe(true);
    expect(excluded('cpu.cache.monitor.count')).toBe(true);
    expect(excluded('cpu.cache.monitor.0.bank.0.bytes')).toBe(false);
    expect(excluded('block.0.latency_histogram.read.bin.0.value')).toBe(false);
    expect(excluded('vcpu.3.delay')).toBe(false);
  });

  it('is frozen all the way down', async () => {
    const { config } = await load({ toml: '[[labels]]\nname = "a"\nxpath = "/domain"' });
    expect(Object.isFrozen(config.intervals)).toBe(true);
    expect(Object.isFrozen(config.agentx.contexts)).toBe(true);
    expect(Object.isFrozen(config.labels[0])).toBe(true);
  });
});

describe('problems', () => {
  it.each<[string, Given, string]>([
    [
      'a key in the wrong section',
      { toml: 'interval = 5' },
      'agent.toml:1: interval: unknown key; did you mean "collect.interval"?',
    ],
    [
      'a misspelt key',
      { toml: '# comment\n[collect]\nintervall = 5' },
      'agent.toml:3: collect.intervall: unknown key; did you mean "collect.interval"?',
    ],
    [
      'a misspelt section',
      { toml: '[notification]' },
      'agent.toml:1: notification: unknown key; did you mean "notifications"?',
    ],
    ['a value for a section', { toml: 'collect = 5' }, 'agent.toml:1: collect: must be a table: [collect]'],
    [
      'a number beyond its limits',
      { toml: '[libvirt]\nbatch_size = 500' },
      'agent.toml:2: libvirt.batch_size: must be a whole number from 1 to 100, not 500',
    ],
    [
      'a fraction where whole numbers are wanted',
      { toml: '[agentx]\npriority = 1.5' },
      'agent.toml:2: agentx.priority: must be a whole number from 1 to 255, not 1.5',
    ],
    [
      'a duration beyond its limits',
      { toml: '[collect]\ninterval = "2h"' },
      'agent.toml:2: collect.interval: must be 1 to 3600 whole seconds, as a number or a text such as "90s", "5m" or "1h", not "2h"',
    ],
    [
      'a duration in no known unit',
      { toml: '[libvirt]\ncall_timeout = "3 weeks"' },
      'agent.toml:2: libvirt.call_timeout: must be 0.1 to 300 seconds, as a number or a text such as "500ms" or "3s", not "3 weeks"',
    ],
    [
      'a text for a switch',
      { toml: '[events]\npersistent = "maybe"' },
      'agent.toml:2: events.persistent: must be true or false, not "maybe"',
    ],
    [
      'an unknown word',
      { toml: '[log]\nlevel = "loud"' },
      'agent.toml:2: log.level: must be one of "trace", "debug", "info", "warn", "error", not "loud"',
    ],
    [
      'an unknown selector',
      { toml: '[collect]\nextra_stats = ["cpu_util", "perv"]' },
      'agent.toml:2: collect.extra_stats[1]: unknown selector "perv"; did you mean "perf"?',
    ],
    [
      'an unknown event',
      { toml: '[notifications]\nevents = ["io-eror"]' },
      'agent.toml:2: notifications.events[0]: unknown event "io-eror"; did you mean "io-error"?',
    ],
    [
      'a pattern that does not compile',
      { toml: '[collect]\ninclude = ["("]' },
      'agent.toml:2: collect.include[0]: "(" is not a regular expression: unterminated group',
    ],
    [
      'an OID with too large a number',
      { toml: '[mib]\nroot = "1.3.4294967296"' },
      'agent.toml:2: mib.root: must be an OID of at most 64 numbers in quotes, such as "1.3.6.1.4.1.99999.1", not "1.3.4294967296"',
    ],
    [
      'a relative state directory',
      { toml: '[state]\ndirectory = "here"' },
      'agent.toml:2: state.directory: must be an absolute path, not "here"',
    ],
    [
      'an AgentX address without a path',
      { toml: '[agentx]\naddress = "unix:relative"' },
      "agent.toml:2: agentx.address: 'unix:relative' is not the address of an AgentX master: the path of a UNIX socket starts with /",
    ],
    [
      'a state that does not exist',
      { toml: '[severity]\n"paused/ioerr" = "okay"' },
      'agent.toml:2: severity.paused/ioerr: is no state ("paused"), state with reason ("paused/ioerror") or event ("event:watchdog"); did you mean "paused/ioerror"?',
    ],
    [
      'a severity that does not exist',
      { toml: '[severity]\npaused = "bad"' },
      'agent.toml:2: severity.paused: must be "okay", "warning" or "failure", not "bad"',
    ],
    [
      'a label without a usable name',
      { toml: '[[labels]]\nname = "a b"\nxpath = "/domain"' },
      'agent.toml:2: labels[0].name: must be 1 to 64 letters, digits, "_", "." or "-"',
    ],
    [
      'a second label of the same name',
      { toml: '[[labels]]\nname = "a"\nxpath = "/domain"\n[[labels]]\nname = "a"\nxpath = "/x"' },
      'agent.toml:5: labels[1].name: an earlier rule is called "a" already',
    ],
    [
      'a text for the labels',
      { toml: 'labels = "cluster"' },
      'agent.toml:1: labels: must be a list of tables: [[labels]] with name and xpath',
    ],
    [
      'a text for the severities',
      { toml: 'severity = "okay"' },
      'agent.toml:1: severity: must be a table: [severity]',
    ],
    [
      'a prefix that XML does not allow',
      { toml: '[namespaces]\n"1a" = "urn:a"' },
      'agent.toml:2: namespaces.1a: is no XML prefix',
    ],
    [
      'a bad variable of another program',
      { env: { LIBVIRT_DEFAULT_URI: 'esx://host/' } },
      'LIBVIRT_DEFAULT_URI: libvirt.uri: libvirt URI "esx://host/": the esx driver has no libvirt daemon to talk to; for example qemu:///system or qemu+ssh://host.example/system',
    ],
    [
      'an unknown key of a label',
      { toml: '[[labels]]\nname = "a"\nxpath = "/domain"\nxpth = 1' },
      'agent.toml:4: labels[0].xpth: unknown key',
    ],
    [
      'text that is no TOML',
      { toml: '[collect]\ninterval = = 5' },
      'agent.toml:2: is not valid TOML: invalid value',
    ],
    [
      'a bad variable',
      { env: { LIBVIRT_AGENTX_LIBVIRT_BATCH_SIZE: 'many' } },
      'LIBVIRT_AGENTX_LIBVIRT_BATCH_SIZE: libvirt.batch_size: must be a whole number from 1 to 100, not "many"',
    ],
    [
      'an unknown variable',
      { env: { LIBVIRT_AGENTX_COLLECT_INTERVALL: '5' } },
      'environment: LIBVIRT_AGENTX_COLLECT_INTERVALL: unknown variable; did you mean "LIBVIRT_AGENTX_COLLECT_INTERVAL"?',
    ],
    [
      'a bad option',
      { flags: [interval('0')] },
      '--interval: collect.interval: must be 1 to 3600 whole seconds, as a number or a text such as "90s", "5m" or "1h", not 0',
    ],
    [
      'an option for no setting',
      { flags: [{ key: 'notifications.holdof', option: '--set notifications.holdof', text: '1' }] },
      '--set notifications.holdof: notifications.holdof: unknown key; did you mean "notifications.holdoff"?',
    ],
  ])('names %s', async (_name, given, expected) => {
    expect(await problems(given)).toEqual([expected]);
  });

  it.each([
    ['nonsense', /^agent\.toml:2: libvirt\.uri: .*"nonsense"/],
    ['', /^agent\.toml:2: libvirt\.uri: must not be empty/],
  ])('names the URI %j', async (uri, expected) => {
    const [only, ...others] = await problems({ toml: `[libvirt]\nuri = "${uri}"` });
    expect(only).toMatch(expected);
    expect(others).toEqual([]);
  });

  it('names an XPath that cannot be used', async () => {
    const [only] = await problems({ toml: '[[labels]]\nname = "a"\nxpath = "//acme:x"' });
    expect(only).toMatch(/^agent\.toml:3: labels\[0\]\.xpath: .*acme/);
    const declared = '[[labels]]\nname = "a"\nxpath = "//acme:x"\n[namespaces]\nacme = "urn:acme"';
    expect(await problems({ toml: declared })).toEqual([]);
  });

  it('lists everything that is wrong at once', async () => {
    const toml = '[libvirt]\nbatch_size = 0\nurl = ""\n[log]\nlevel = 1\n[severity]\nrunning = "x"';
    const env = { LIBVIRT_AGENTX_AGENTX_PRIORITY: '0' };
    expect(await problems({ toml, env, flags: [interval('x')] })).toHaveLength(6);
  });

  it('does not show the user of a URI', async () => {
    const [only] = await problems({
      toml: '[libvirt]\nuri = "qemu+pigeon://bob:secret@host.example/system"',
    });
    expect(only).toContain('libvirt.uri');
    expect(only).not.toContain('secret');
  });

  it('says which file is missing', async () => {
    const file = join(directory, 'absent.toml');
    await expect(loadConfig({ file, env: {}, flags: [] })).rejects.toThrow(
      `${file}: there is no such file; name an existing one with --config, or leave the option out`,
    );
  });

  it('says why a file cannot be read', async () => {
    await expect(loadConfig({ file: directory, env: {}, flags: [] })).rejects.toThrow(
      /cannot be read \(it is a directory\)/,
    );
  });

  it('refuses a file that is too large', async () => {
    expect(await problems({ toml: `#${'x'.repeat(1024 * 1024)}` })).toEqual([
      'agent.toml: cannot be read (it is larger than 1048576 octets)',
    ]);
  });
});

describe('http', () => {
  const tls = 'certificate = "/c"\nprivate_key = "/k"\n';

  it('is off unless it has an address', async () => {
    expect((await load({})).config.http.address).toBeUndefined();
  });

  it.each([
    ['loopback', 'address = "127.0.0.1:9177"'],
    ['IPv6 loopback', 'address = "[::1]:9177"'],
    ['a UNIX socket', 'address = "unix:/run/x"'],
    ['an open address with TLS and tokens', `address = "0.0.0.0:1"\n${tls}tokens_file = "/t"`],
    ['an open address with TLS and users', `address = "[::]:1"\n${tls}users_file = "/u"`],
    ['an open address with client certificates', `address = "hv1:1"\n${tls}client_ca = "/ca"`],
    ['an open address that something else protects', 'address = "0.0.0.0:1"\nallow_remote = true'],
  ])('serves at %s', async (_what, toml) => {
    expect(await problems({ toml: `[http]\n${toml}` })).toEqual([]);
  });

  it.each([
    ['address = "0.0.0.0:1"', /^agent.toml:2: http.address: is reached by others: set http.certificate/],
    [`address = "0.0.0.0:1"\n${tls}`, /http.address: is reached by others/],
    ['address = "0.0.0.0:1"\ntokens_file = "/t"', /http.address: is reached by others/],
    [
      'address = "0.0.0.0:1"\nallow_remote = true\nusers_file = "/u"',
      /^agent.toml:4: http.users_file: needs TLS/,
    ],
    ['address = "127.0.0.1"', /^agent.toml:2: http.address: "127.0.0.1" is no "host:port"/],
    ['certificate = "/c"', /http.private_key: is missing/],
    ['private_key = "/k"', /http.certificate: is missing/],
    ['client_ca = "/ca"', /http.client_ca: needs TLS/],
    ['certificate = "relative"', /http.certificate: must be an absolute path, or "" for none/],
    ['hosts = ["a b"]', /http.hosts/],
  ])('refuses %s', async (toml, expected) => {
    const [first = '', ...others] = await problems({ toml: `[http]\n${toml}` });
    expect(first).toMatch(expected);
    expect(others).toEqual([]);
  });

  it('has to be there where AgentX is not', async () => {
    const off = '[agentx]\nenabled = false\n';
    expect(await problems({ toml: off })).toEqual([
      'agent.toml:2: agentx.enabled: leaves nothing to do: set http.address, statsd.host, influxdb.url or otlp.url, or agentx.enabled = true',
    ]);
    expect(await problems({ toml: `${off}[http]\naddress = "127.0.0.1:1"` })).toEqual([]);
  });
});

describe('otlp', () => {
  it('takes a user with a password or a token, not both', async () => {
    const toml = '[otlp]\nurl = "http://127.0.0.1:4318"\n';
    expect(await problems({ toml: `${toml}token_file = "/run/token"` })).toEqual([]);
    expect(await problems({ toml: `${toml}user = "anne"` })).toEqual([
      'agent.toml:1: otlp.password_file: is missing: otlp.user and otlp.password_file go together',
    ]);
    const both = 'user = "anne"\npassword_file = "/run/password"\ntoken_file = "/run/token"';
    expect(await problems({ toml: toml + both })).toEqual([
      'agent.toml:5: otlp.token_file: is one secret too many beside otlp.password_file',
    ]);
  });
});

describe('domain_labels', () => {
  it('take labels from what is known of a domain', async () => {
    const toml = '[domain_labels]\nid = "uuid"\nproject_name = "nova.project_name"\ntier = "label.tier"';
    expect((await load({ toml })).config.domainLabels).toEqual({
      id: 'lveDomUuid',
      project_name: 'lveNovaProjectName',
      tier: { rule: 'tier' },
    });
  });

  it.each([
    ['domain = "uuid"', 'domain_labels.domain: is a label that series have already'],
    ['"a-b" = "uuid"', 'domain_labels.a-b: is no name of a label'],
    ['__x = "uuid"', 'domain_labels.__x: is no name of a label'],
    [
      'x = "uid"',
      'domain_labels.x: must be "uuid", "title", "nova.instance_name", "label.NAME" or the like, not "uid"',
    ],
    ['x = 3', 'domain_labels.x: must be "uuid"'],
  ])('refuse %s', async (toml, expected) => {
    const [first = ''] = await problems({ toml: `[domain_labels]\n${toml}` });
    expect(first).toContain(expected);
  });
});

describe('influxdb', () => {
  it.each([
    ['url = "http://influx:8086"', []],
    ['url = "https://influx.example.net"\napi = "v2"\nbucket = "b"\ntoken_file = "/t"', []],
    ['url = "http://i"\napi = "v2"', ['influxdb.bucket: is missing']],
    ['url = "http://i"\nuser = "a"', ['influxdb.password_file: is missing']],
    ['url = "http://i"\npassword_file = "/p"', ['influxdb.user: is missing']],
    [
      'url = "http://i"\nuser = "a"\npassword_file = "/p"\ntoken_file = "/t"',
      ['influxdb.token_file: is one secret too many'],
    ],
    ['url = "http://anne:sesame@i"', ['influxdb.url: must be an http:// or https:// URL without user']],
    ['url = "i:8086"', ['influxdb.url: must be']],
  ])('with %s', async (toml, expected) => {
    const found = await problems({ toml: `[influxdb]\n${toml}` });
    expect(found.length).toBe(expected.length);
    for (const [at, text] of expected.entries()) expect(found[at]).toContain(text);
  });
});
