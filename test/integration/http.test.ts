import { readFileSync } from 'node:fs';
import { appendFile, writeFile } from 'node:fs/promises';
import { Agent as HttpAgent, type IncomingMessage, request as plainRequest } from 'node:http';
import { Agent as HttpsAgent, request as secureRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Reading } from '../../src/families/reading.ts';
import { servedFamilies } from '../../src/families/served.ts';
import { definitions, findDefinition } from '../../src/mib/definitions.ts';
import type { JsonScalar, JsonTree } from '../../src/mib/print.ts';
import type { ObjectDefinition } from '../../src/smi/definition.ts';
import { type Agent, type ConfigSection, programNode, programPath, startAgent } from '../lab/agent.ts';
import { makeAuthority } from '../lab/certificates.ts';
import { biosGuest, oddName } from '../lab/domain-xml.ts';
import { freeTcpPort } from '../lab/free-port.ts';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { run, runAnyway } from '../lab/process.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import type { PrintedVarBind } from '../lab/varbind-text.ts';
import { waitUntil } from '../lab/wait.ts';
import { parseExposition } from '../support/exposition.ts';
import { oidOf, type ServedWalk, walkServed } from '../support/served-walk.ts';

let libvirtd: Libvirtd;
let snmpd: Snmpd;

beforeAll(async () => {
  libvirtd = await startLibvirtd();
  snmpd = await startSnmpd();
  const { domainType: type } = libvirtd;
  for (const name of [oddName, 'web-1']) await libvirtd.run(biosGuest({ name, type }));
  await libvirtd.define(biosGuest({ name: 'off', type }));
});

afterAll(async () => {
  await snmpd.stop();
  await libvirtd.stop();
});

function start(config: ConfigSection): Promise<Agent> {
  return startAgent({ uri: libvirtd.uriReadOnly, agentxAddress: snmpd.agentxAddress, config });
}

/** The URL that the agent says it serves. */
async function urlOf(agent: Agent, at = 0): Promise<string> {
  const found = await waitUntil(() => agent.logLines().filter(({ msg }) => msg === 'HTTP is served')[at], {
    what: 'the URL in the log',
    context: () => agent.stderr(),
  });
  return String(found['url']);
}

/** Waits until the agent has data. */
async function ready(url: string): Promise<void> {
  await waitUntil(async () => (await fetch(`${url}readyz`)).ok, { what: 'fresh data', timeoutMs: 20_000 });
}

describe('/metrics beside SNMP', () => {
  it('has the value of SNMP for each sample, and a sample for each value; so has REST', async () => {
    // One refresh and no more, so that both look at the same.
    await using agent = await start({ collect: { interval: 3600 }, http: { address: '127.0.0.1:0' } });
    const url = await urlOf(agent);
    await ready(url);
    const { walk, text, dump } = await waitUntil(
      async () => {
        const before = await (await fetch(`${url}metrics`)).text();
        const all = (await (await fetch(`${url}api/v1/dump`)).json()) as JsonTree;
        const between: ServedWalk = await walkServed(snmpd);
        const after = await (await fetch(`${url}metrics`)).text();
        // An age of 0 then says that there is none.
        const isQuiet = before === after && Number(between.value('lveRefreshAge', 0)) >= 2;
        return isQuiet ? { walk: between, text: after, dump: all } : undefined;
      },
      { what: 'a walk during which nothing changed', timeoutMs: 60_000 },
    );
    const samples = parseExposition(text);
    const names = walk.column('lveDomName');
    let compared = 0;
    for (const { name, type, series } of servedFamilies({ sets: ['libvirt'], exclude: [], labelRules: [] })) {
      if (type === 'info') continue;
      const isOfDomain = series[0]?.labels !== undefined && 'domain' in series[0].labels;
      const expected = series.flatMap(({ object = '', reading }) =>
        [...walk.column(object)].flatMap(([index, printed]): readonly Compared[] => {
          const value = expectedValue(object, printed, reading, walk, index);
          if (value === undefined) return [];
          return [{ domain: isOfDomain ? (names.get(index.split('.')[0] ?? '') ?? '?') : '', value }];
        }),
      );
      const found = samples
        .filter((sample) => sample.name === name)
        .map(({ labels, value }) => ({ domain: labels['domain'] ?? '', value }));
      expect(found.length, name).toBe(expected.length);
      expected.sort(inOrder);
      for (const [at, { domain, value }] of found.sort(inOrder).entries()) {
        const other = expected[at];
        expect(domain, name).toBe(other?.domain);
        // A walk takes its time, and an age is cut to whole seconds.
        const allowed = isMoment(series[0]?.object ?? '') ? 60 : Math.abs(value) * 1e-12;
        expect(Math.abs(value - (other?.value ?? Number.NaN)), name).toBeLessThanOrEqual(allowed);
      }
      compared += found.length;
    }
    // As many as there are: none was left out on both sides.
    expect(compared).toBe(samples.filter(({ name }) => !name.endsWith('_info')).length);
    expect(compared).toBeGreaterThan(200);
    expect(samples).toContainEqual({
      name: 'libvirt_domain_up',
      labels: { domain: oddName },
      value: 1,
    });
    compareWithRest(walk, dump);
  });

  it('says what became of a domain that vanished', async () => {
    await using agent = await start({ http: { address: '127.0.0.1:0' } });
    const url = await urlOf(agent);
    await ready(url);
    await libvirtd.run(biosGuest({ name: 'fleeting', type: libvirtd.domainType }));
    const up = async (): Promise<number | undefined> =>
      parseExposition(await (await fetch(`${url}metrics?collect[]=domain_up`)).text()).find(
        ({ labels }) => labels['domain'] === 'fleeting',
      )?.value;
    await waitUntil(async () => (await up()) === 1, { what: 'the domain' });
    await libvirtd.virsh('destroy', 'fleeting');
    await waitUntil(async () => (await up()) === 0, { what: 'its end' });
  });

  it('needs no snmpd', async () => {
    const agent = await startAgent({
      uri: libvirtd.uriReadOnly,
      agentxAddress: 'unix:/nonexistent/master',
      config: { agentx: { enabled: false }, http: { address: '127.0.0.1:0' } },
    });
    const url = await urlOf(agent);
    await ready(url);
    expect(await (await fetch(`${url}metrics`)).text()).toContain('libvirt_domain_up{domain="web-1"} 1');
    expect(agent.stderr()).not.toContain('/nonexistent/master');
    expect((await agent.stop()).code).toBe(0);
  });
});

describe('/api beside SNMP', () => {
  it('has a domain as a walk has it, and its definition as vAdvisor has it', async () => {
    await using agent = await start({
      collect: { interval: 3600 },
      http: { address: '127.0.0.1:0' },
    });
    const url = await urlOf(agent);
    await ready(url);
    const json = async (path: string): Promise<unknown> => (await fetch(`${url}${path}`)).json();
    const walk = await walkServed(snmpd);
    const index = walk.indexOf('lveDomName', 'web-1');
    expect(await json('api/v1/domains/web-1')).toMatchObject({
      index,
      uuid: walk.value('lveDomUuid', index),
      state: 'running',
      memory: { maximum: Number(walk.value('lveMemMaximum', index)) },
      vm: { cpuTime: Number(walk.value('vmCpuTime', index)) },
    });
    const tables = ['lveDomTable', 'lveDomCpuTable', 'lveMemTable', 'lveVcpuTable', 'lveCollectorTable'];
    for (const table of tables) {
      const { rows } = (await json(`api/v1/tables/${table}`)) as { rows: Record<string, unknown>[] };
      const [name = ''] = Object.keys(rows[0] ?? {}).filter(
        (each) => findDefinition(each)?.kind === 'counter64',
      );
      if (name === '') continue;
      expect(
        rows.flatMap((row) => (row[name] === undefined ? [] : String(row[name]))),
        name,
      ).toEqual([...walk.column(name).values()]);
    }
    // Definitions are read one after another.
    const spec = await waitUntil(
      async () => {
        const found = (await json('api/v1.0/specs/web-1')) as { domain?: { name: unknown; uuid: unknown } };
        return found.domain === undefined ? undefined : { domain: found.domain };
      },
      { what: 'the definition' },
    );
    expect(spec.domain.name).toEqual({ value: 'web-1' });
    expect(spec.domain.uuid).toEqual({ value: walk.value('lveDomUuid', index) });
    expect(Object.keys((await json('api/v1.0/stats/?live=true')) as object)).toContain(
      walk.value('lveDomUuid', index),
    );
  });

  it('streams what happens, and resumes where a client left off', async () => {
    await using agent = await start({ http: { address: '127.0.0.1:0' } });
    const url = await urlOf(agent);
    await ready(url);
    const listen = async (last?: string) => {
      const headers = {
        accept: 'text/event-stream',
        ...(last === undefined ? {} : { 'last-event-id': last }),
      };
      const ending = new AbortController();
      const answer = await fetch(`${url}api/v1/events?domain=web-1`, { headers, signal: ending.signal });
      let text = '';
      const reading = (async () => {
        for await (const chunk of answer.body ?? []) text += Buffer.from(chunk as Uint8Array).toString();
      })().catch(() => undefined);
      return {
        until: (word: string) => waitUntil(() => (text.includes(word) ? text : undefined), { what: word }),
        async end() {
          ending.abort();
          await reading;
        },
      };
    };
    const first = await listen();
    await libvirtd.virsh('suspend', 'web-1');
    const heard = await first.until('event: suspended');
    const [, id = ''] = /id: (\d+)\nevent: suspended/.exec(heard) ?? [];
    await first.end();
    await libvirtd.virsh('resume', 'web-1');
    const second = await listen(id);
    expect(await second.until('event: resumed')).not.toContain('event: suspended');
    await second.end();
    const lines = await (await fetch(`${url}api/v1.0/events?all_events=true&max_events=0`)).text();
    const types = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { domain_name: string; event_type: string })
      .filter(({ domain_name }) => domain_name === 'web-1')
      .map(({ event_type }) => event_type);
    expect(types.slice(-2)).toEqual(['Suspended', 'Resumed']);
  });
});

/** Each value of every object, but for TimeStamps: they are of the clock of the master, which nobody else knows. */
function compareWithRest(walk: ServedWalk, { scalars, tables }: JsonTree): void {
  const rows = Object.entries(tables).flatMap(([, all]) => all);
  let compared = 0;
  let timeStamps = 0;
  for (const [name, definition] of Object.entries(definitions)) {
    if (!definition.access.startsWith('read')) continue;
    if (definition.kind === 'timeStamp') {
      timeStamps += walk.column(name).size;
      continue;
    }
    const scalar = scalars[name];
    const found = [...(scalar === undefined ? [] : [scalar]), ...rows.flatMap((row) => row[name] ?? [])];
    // HTTP keeps definitions, which SNMP has with the selector `xml` only.
    if (definition.table === 'lveXmlTable') {
      expect(walk.column(name).size).toBe(0);
      expect(found.length).toBeGreaterThan(0);
      continue;
    }
    const printed = walk.varBinds.filter(({ oid }) => oid.startsWith(`${oidOf(name)}.`));
    expect(found.length, name).toBe(printed.length);
    for (const [at, varBind] of printed.entries()) {
      const value = found[at];
      const expected = jsonOf(definition, varBind);
      if (isMoment(name) && definition.kind !== 'dateAndTime') {
        // A walk takes its time. Hundredths of a second, or seconds.
        const allowed = definition.kind === 'timeTicks' ? 6000 : 60;
        expect(Math.abs(Number(value) - Number(expected)), name).toBeLessThanOrEqual(allowed);
      } else if (definition.kind === 'dateAndTime') {
        expect(Date.parse(String(value)), name).toBe(expected);
      } else if (definition.kind === 'octets' && definition.hint !== undefined) {
        // A UUID and a MAC address have separators.
        expect(String(value).replaceAll(/[-:]/g, ''), name).toBe(expected);
      } else {
        expect(value, `${name} ${varBind.oid}`).toBe(expected);
      }
    }
    compared += printed.length;
  }
  // All that a walk returns.
  expect(compared + timeStamps).toBe(walk.varBinds.length);
}

/** What JSON has for a printed value, by the manual of the API and not as the program does. */
function jsonOf({ kind, labels = {} }: ObjectDefinition, { value, bytes }: PrintedVarBind): JsonScalar {
  if (kind === 'boolean') return value === '1';
  if (kind === 'enum') {
    return Object.entries(labels).find(([, number]) => String(number) === value)?.[0] ?? Number(value);
  }
  if (kind === 'dateAndTime') {
    const [high = 0, low = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, tenths = 0] = bytes ?? [];
    return Date.UTC(high * 256 + low, month - 1, day, hour, minute, second, tenths * 100);
  }
  if (kind === 'octets') return bytes?.toString('hex') ?? '';
  if (bytes !== undefined || kind === 'oid') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

interface Compared {
  readonly domain: string;
  readonly value: number;
}

function inOrder(a: Compared, b: Compared): number {
  return a.domain === b.domain ? a.value - b.value : a.domain < b.domain ? -1 : 1;
}

/** UNITS and the base units of metrics, as the manual of the MIB has them: not as the program does. */
const factors: Readonly<Record<string, number>> = {
  milliseconds: 1e-3,
  microsecond: 1e-6,
  microseconds: 1e-6,
  nanoseconds: 1e-9,
  'hundredths of a percent': 1e-4,
  hundredths: 1e-2,
  MHz: 1e6,
  'MiB per second': 2 ** 20,
};

/** What /metrics has for what a walk returned; undefined where it has nothing. */
function expectedValue(
  object: string,
  printed: string,
  reading: Reading | undefined,
  walk: ServedWalk,
  index: string,
): number | undefined {
  const definition = findDefinition(object);
  if (definition?.kind === 'dateAndTime') {
    const [high = 0, low = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] =
      walk.bytes(object, ...index.split('.').map(Number)) ?? [];
    return Date.UTC(high * 256 + low, month - 1, day, hour, minute, second) / 1000;
  }
  const number = Number(printed);
  if (isMoment(object)) {
    // Nothing has elapsed for a domain that is off.
    if (number === 0) return undefined;
    return Date.now() / 1000 - (definition?.kind === 'timeTicks' ? number / 100 : number);
  }
  if (reading?.values !== undefined) return reading.values.get(number);
  if (reading?.unset === 'zero' && number === 0) return undefined;
  if (reading?.unset === 'negative' && number < 0) return undefined;
  const isLatency = object.startsWith('vmStorage') && object.endsWith('Latency');
  return number * (isLatency ? 1e-6 : (factors[definition?.units ?? ''] ?? 1));
}

function isMoment(object: string): boolean {
  return findDefinition(object)?.kind === 'dateAndTime' || /Age$|Up[Tt]ime$/.test(object);
}

describe('an address that others reach', () => {
  it('is served with TLS to those who know a secret, and read again when secrets and certificates change', async () => {
    const directory = await makeLabDirectory();
    const authority = await makeAuthority(directory.path);
    const server = await authority.issue('hv1');
    const port = await freeTcpPort();
    const tokensFile = directory.file('tokens');
    const usersFile = directory.file('users');
    const made = await runAnyway(programNode, [programPath, 'credential', '--token', 'prometheus']);
    await writeFile(tokensFile, made.stdout, { mode: 0o600 });
    const token = made.stderr.trim();
    await writeFile(usersFile, '', { mode: 0o600 });
    const http = {
      address: `0.0.0.0:${port}`,
      certificate: server.certificate,
      private_key: server.privateKey,
      tokens_file: tokensFile,
      users_file: usersFile,
    };
    await using agent = await start({ http });
    await urlOf(agent);
    const curl = async (...args: readonly string[]): Promise<string> => {
      const all = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', authority.certificate, ...args];
      return (await runAnyway('curl', [...all, `https://127.0.0.1:${port}/metrics`])).stdout;
    };
    expect(await curl()).toBe('401');
    expect(await curl('-H', `Authorization: Bearer ${token}`)).toBe('200');
    expect(await curl('-H', 'Authorization: Bearer wrong')).toBe('401');
    expect(await curl('-u', 'anne:sesame')).toBe('401');
    expect(await curl('--tls-max', '1.1', '-H', `Authorization: Bearer ${token}`)).toBe('000');
    // Plain HTTP is not answered.
    expect((await runAnyway('curl', ['-s', `http://127.0.0.1:${port}/metrics`])).stdout).not.toContain(
      'libvirt_',
    );
    const user = await run('sh', [
      '-c',
      `printf 'sesame\\n' | "$0" "$1" credential --user anne`,
      programNode,
      programPath,
    ]);
    await appendFile(usersFile, user);
    await waitUntil(async () => (await curl('-u', 'anne:sesame')) === '200', { what: 'the new user' });
    const renewed = await authority.issue('hv1-renewed');
    await writeFile(server.certificate, readFileSync(renewed.certificate));
    await writeFile(server.privateKey, readFileSync(renewed.privateKey));
    const commonName = () =>
      new Promise<string>((resolve, reject) => {
        const asked = secureRequest(
          { host: '127.0.0.1', port, path: '/healthz', rejectUnauthorized: false, agent: false },
          (answer) => {
            const { subject } = (answer.socket as import('node:tls').TLSSocket).getPeerCertificate();
            answer.resume();
            resolve(String(subject.CN));
          },
        );
        asked.on('error', reject).end();
      });
    await waitUntil(async () => (await commonName()) === 'hv1-renewed', {
      what: 'the renewed certificate',
      timeoutMs: 30_000,
    });
    expect(agent.stderr()).not.toContain(token);
    expect(agent.stderr()).not.toContain('sesame');
    await directory.remove();
  });

  it('is served to clients with a certificate only, if so configured', async () => {
    const directory = await makeLabDirectory();
    const authority = await makeAuthority(directory.path);
    const server = await authority.issue('hv1');
    const client = await authority.issue('monitor');
    const port = await freeTcpPort();
    const http = {
      address: `0.0.0.0:${port}`,
      certificate: server.certificate,
      private_key: server.privateKey,
      client_ca: authority.certificate,
    };
    await using agent = await start({ http });
    await urlOf(agent);
    const curl = async (...args: readonly string[]): Promise<string> =>
      (
        await runAnyway('curl', [
          ...['-s', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', authority.certificate, ...args],
          `https://127.0.0.1:${port}/metrics`,
        ])
      ).stdout;
    expect(await curl()).toBe('000');
    expect(await curl('--cert', client.certificate, '--key', client.privateKey)).toBe('200');
    await directory.remove();
  });
});

describe('check', () => {
  it('says what is in the way of HTTP', async () => {
    const directory = await makeLabDirectory();
    const check = async (...set: readonly string[]): Promise<string> => {
      const args = set.flatMap((each) => ['--set', each]);
      const all = [
        ...['check', '--config', '/dev/null', '--uri', libvirtd.uriReadOnly, ...args],
        // Not those of the host.
        ...['--agentx', snmpd.agentxAddress, '--state-dir', directory.directory('state')],
      ];
      return (await runAnyway(programNode, [programPath, ...all])).stdout;
    };
    expect(await check()).toContain('ok   http: off: http.address is not set');
    const port = await freeTcpPort();
    expect(await check(`http.address=127.0.0.1:${port}`)).toContain(
      `ok   http: 127.0.0.1:${port} is free for the agent`,
    );
    await using agent = await start({ http: { address: `127.0.0.1:${port}` } });
    await urlOf(agent);
    expect(await check(`http.address=127.0.0.1:${port}`)).toContain(
      `ok   http: 127.0.0.1:${port} is served by a running agent`,
    );
    const tokens = directory.file('tokens');
    await writeFile(tokens, 'a:secret', { mode: 0o644 });
    const report = await check(`http.address=127.0.0.1:${port}`, `http.tokens_file=${tokens}`);
    expect(report).toContain(
      `fail http: http.tokens_file ${tokens} cannot be used: line 1 is no "name:sha256"`,
    );
    expect(report).not.toContain('a:secret');
    await directory.remove();
  });
});

const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

/** Keeps a connection for each request under way. */
const kept = (kind: string): HttpAgent =>
  kind === 'tls' ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });

describe('a reload', () => {
  it.each(['tcp', 'unix', 'tls'] as const)('loses no request, whatever it changes: %s', async (kind) => {
    const directory = await makeLabDirectory();
    const authority = await makeAuthority(directory.path);
    const { certificate, privateKey } = await authority.issue('hv1');
    const path = directory.file('http');
    const port = await freeTcpPort();
    const secrets = kind === 'tls' ? { certificate, private_key: privateKey } : {};
    const address = kind === 'unix' ? `unix:${path}` : `127.0.0.1:${port}`;
    await using agent = await start({ http: { address, ...secrets } });
    await urlOf(agent);
    const target = kind === 'unix' ? { socketPath: path } : { host: '127.0.0.1', port };
    const answers = new Map<string, number>();
    const ask = (path: string, connections: HttpAgent | false) =>
      new Promise<void>((resolve) => {
        const note = (what: string): void => {
          answers.set(`${path} ${what}`, (answers.get(`${path} ${what}`) ?? 0) + 1);
          resolve();
        };
        const options = { ...target, path, agent: connections, headers: { host: 'localhost' } };
        const asked =
          kind === 'tls' ? secureRequest({ ...options, rejectUnauthorized: false }) : plainRequest(options);
        asked.on('response', (answer: IncomingMessage) => {
          answer.resume();
          answer.on('end', () => note(String(answer.statusCode)));
          answer.on('error', (error) => note(`broken off: ${error.message}`));
        });
        asked.on('error', (error) => note(`not answered: ${error.message}`));
        asked.end();
      });
    let isOver = false;
    const ways: readonly (HttpAgent | false)[] = [false, kept(kind)];
    const clients = ways.flatMap((connections) =>
      ['/metrics', '/healthz', '/api/v1/domains'].map(async (path) => {
        while (!isOver) await ask(path, connections);
      }),
    );
    const toml = readFileSync(agent.configPath, 'utf8');
    const changes = [
      // What stands in [http] already, and sections that are not there.
      toml.replace('[http]', '[http]\nhistory = 5\nsend_timeout = 20\nmax_connections = 50'),
      `${toml}\n[statsd]\nhost = "127.0.0.1"\nport = ${port}\n`,
      `${toml}\n[metrics]\nexclude = ["libvirt_host_*"]\n`,
      `${toml}\n[mib]\nlibvirt_mib = true\n`,
      toml.replace('interval = 1', 'interval = 2'),
      toml,
    ];
    for (const changed of changes) {
      await writeFile(agent.configPath, changed);
      const before = total(answers);
      const reloaded = agent.nextLog('configuration reloaded', 60_000);
      agent.signal('SIGHUP');
      await reloaded;
      // Of those that are asked now some are answered after what the reload has set going.
      await waitUntil(() => total(answers) > before + 30, { what: 'answers', context: () => agent.stderr() });
    }
    isOver = true;
    await Promise.all(clients);
    expect([...answers.keys()].sort()).toEqual(['/api/v1/domains 200', '/healthz 200', '/metrics 200']);
    await directory.remove();
  });

  it('leaves connections of a face alone that it does not concern, and moves one that it does', async () => {
    const [first, second] = [await freeTcpPort(), await freeTcpPort()];
    await using agent = await start({ http: { address: `127.0.0.1:${first}` } });
    const url = await urlOf(agent);
    const toml = readFileSync(agent.configPath, 'utf8');
    await writeFile(agent.configPath, toml.replace('interval = 1', 'interval = 2'));
    const reloaded = agent.nextLog('configuration reloaded');
    agent.signal('SIGHUP');
    await reloaded;
    expect(agent.logLines().filter(({ msg }) => msg === 'HTTP is served')).toHaveLength(1);
    await ready(url);
    await writeFile(agent.configPath, toml.replace(`127.0.0.1:${first}`, `127.0.0.1:${second}`));
    agent.signal('SIGHUP');
    const moved = await urlOf(agent, 1);
    expect(moved).toContain(`:${second}/`);
    await ready(moved);
    await expect(fetch(`${url}healthz`)).rejects.toThrow();
  });
});
