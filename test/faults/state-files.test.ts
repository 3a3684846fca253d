import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, type AgentOptions, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { walkServed } from '../support/served-walk.ts';

// What can lie in the place of each file of the state directory when the agent starts: it serves all the same, says
// what it lost, and from then on saves again.

let directory: LabDirectory;
let libvirtd: Libvirtd;
let snmpd: Snmpd;
let agent: Agent | undefined;
let state: string;
/** What an agent that knows the domains left. */
let indexes: string;
let events: string;

const names = ['zeta', 'alpha', 'beta'] as const;

beforeAll(async () => {
  directory = await makeLabDirectory();
  [libvirtd, snmpd] = await Promise.all([startLibvirtd(), startSnmpd()]);
  state = directory.directory('state');
  // In this order, so that a fresh start numbers them otherwise.
  for (const name of names) {
    await libvirtd.define(biosGuest({ name, type: libvirtd.domainType }));
    await start();
    await numbers();
    await agent?.stop();
  }
  expect(await startedNumbers()).toEqual([1, 2, 3]);
  await agent?.stop();
  indexes = readFileSync(`${state}/indexes.json`, 'utf8');
  events = readFileSync(`${state}/events.jsonl`, 'utf8');
  expect(events.split('\n').length).toBeGreaterThan(3);
});

afterEach(async () => {
  await agent?.kill();
  agent = undefined;
});

afterAll(async () => {
  await snmpd?.stop();
  await libvirtd?.stop();
  await directory?.remove();
});

async function start(options: Partial<AgentOptions> = {}): Promise<Agent> {
  agent = await startAgent({
    uri: libvirtd.uriReadOnly,
    agentxAddress: snmpd.agentxAddress,
    stateDirectory: state,
    ...options,
  });
  return agent;
}

/** Numbers of the domains that are defined, once all of them are served. */
async function numbers(): Promise<readonly number[]> {
  const defined = (await libvirtd.virsh('list', '--all', '--name')).split('\n').filter((name) => name !== '');
  return await waitUntil(
    async () => {
      const walk = await walkServed(snmpd);
      return names.filter((name) => defined.includes(name)).map((name) => walk.indexOf('lveDomName', name));
    },
    {
      what: 'the rows of all domains',
      intervalMs: 100,
      timeoutMs: 60_000,
      context: () => agent?.stderr() ?? '',
    },
  );
}

async function startedNumbers(options?: Partial<AgentOptions>): Promise<readonly number[]> {
  await start(options);
  return await numbers();
}

const ascending = (list: readonly number[]): readonly number[] => [...list].sort((a, b) => a - b);

/** An untouched state directory as an agent left it. */
function reset(): void {
  rmSync(state, { recursive: true, force: true });
  mkdirSync(state, { mode: 0o750 });
  writeFileSync(`${state}/indexes.json`, indexes);
  writeFileSync(`${state}/events.jsonl`, events);
}

const shell = (script: string): void => {
  execFileSync('sh', ['-ec', script], { cwd: state, stdio: ['ignore', 'ignore', 'inherit'] });
};

/** Makes something at a path relative to the state directory, where nothing is. */
const things: readonly (readonly [what: string, make: (name: string) => void])[] = [
  ['a FIFO', (name) => shell(`mkfifo ${name}`)],
  ['a directory that is not empty', (name) => shell(`mkdir ${name}; touch ${name}/x`)],
  ['a dangling link', (name) => shell(`ln -s nowhere ${name}`)],
  ['a link to itself', (name) => shell(`ln -s ${name} ${name}`)],
  ['a link to a FIFO', (name) => shell(`mkfifo ../fifo.$$; ln -s ../fifo.$$ ${name}`)],
  ['an endless device', (name) => shell(`mknod ${name} c 1 5`)],
  ['a link to a full device', (name) => shell(`ln -s /dev/full ${name}`)],
  ['a device without a driver', (name) => shell(`mknod ${name} b 240 7`)],
  ['2 GB of nothing', (name) => shell(`truncate -s 2G ${name}`)],
  ['60 MB of brackets', (name) => writeFileSync(`${state}/${name}`, '['.repeat(60 * 2 ** 20))],
  ['60 MB of nested objects', (name) => writeFileSync(`${state}/${name}`, '{"a":'.repeat(12 * 2 ** 20))],
  ['a million empty lines', (name) => writeFileSync(`${state}/${name}`, '\n'.repeat(1_000_000))],
  ['octets of zero', (name) => writeFileSync(`${state}/${name}`, Buffer.alloc(65_536))],
  ['no UTF-8', (name) => writeFileSync(`${state}/${name}`, Buffer.alloc(4096, 0xff))],
  ['nothing', (name) => writeFileSync(`${state}/${name}`, '')],
];

const files = ['indexes.json', 'events.jsonl', 'lock'] as const;

/** What the agent has said was lost, or cannot be saved. */
const complaints = (): string =>
  (agent?.logLines() ?? [])
    .filter(({ level }) => level === 'warn' || level === 'error')
    .map((line) => JSON.stringify(line))
    .join('\n');

async function warnings(): Promise<string> {
  const walk = await walkServed(snmpd);
  return [...walk.column('lveWarningText').values()].join('\n');
}

/** More than an agent that knows three domains saves. */
const maxSavedBytes = 2 ** 20;

/** Waits until the file is whole again and holds all domains; that of events is written with the next one. */
async function untilSaved(): Promise<void> {
  await waitUntil(
    () => {
      // Until the agent has put the file in its place, whoever opens what lies there may wait for ever.
      const place = statSync(`${state}/indexes.json`);
      if (!place.isFile() || place.size > maxSavedBytes) return false;
      const saved: unknown = JSON.parse(readFileSync(`${state}/indexes.json`, 'utf8'));
      const { domains } = saved as { readonly domains: readonly unknown[] };
      return domains.length >= names.length;
    },
    { what: 'a whole file', timeoutMs: 60_000, context: () => agent?.stderr() ?? '' },
  );
}

describe.each(files)('in the place of %s', (file) => {
  it.each(things)('%s costs at most what that file held', async (what, make) => {
    reset();
    rmSync(`${state}/${file}`, { force: true });
    make(file);
    const found = await startedNumbers();
    // Of two domains the event log has the numbers, of the third there is none left but its own.
    expect(found).toEqual([1, 2, 3]);
    if (file === 'indexes.json' && what !== 'nothing') {
      expect(complaints()).toContain(`${state}/indexes.json`);
      expect(await warnings()).toContain(`${state}/indexes.json`);
    }
    await untilSaved();
    const { code } = (await agent?.stop()) ?? {};
    expect(code).toBe(0);
    // The next start finds nothing wrong.
    expect([...(await startedNumbers())]).toEqual(found);
    expect(complaints()).not.toContain(state);
  });
});

/** The saved file with something else in it. */
function edited(
  change: (content: Record<string, unknown>, domains: Record<string, unknown>[]) => void,
): string {
  const content = JSON.parse(indexes) as Record<string, unknown> & { domains: Record<string, unknown>[] };
  change(content, content.domains);
  const { domains, ...rest } = content;
  const heads = Object.entries(rest).map(([name, value]) => `"${name}":${JSON.stringify(value)},\n`);
  return `{${heads.join('')}"domains":[\n${domains.map((one) => JSON.stringify(one)).join(',\n')}\n]}\n`;
}

const wrongValues: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e300,
  '',
  'x'.repeat(100_000),
  'a\u0000b\u001b[2J',
  [],
  [[[]]],
  {},
  { __proto__: 1, constructor: 'x' },
  946_684_800_000 * 1000,
];

describe('of every value in indexes.json', () => {
  it.each(wrongValues.map((value) => [JSON.stringify(value).slice(0, 30), value] as const))(
    '%s in its place loses that value only',
    async (_, value) => {
      reset();
      // Every value of the last domain but what identifies it, and a row of a domain that is gone.
      writeFileSync(
        `${state}/indexes.json`,
        edited((content, domains) => {
          const last = domains.at(-1) ?? {};
          const facts = last['facts'] as Record<string, unknown>;
          for (const name of Object.keys(facts)) facts[name] = value;
          last['devices'] = { disk: value, nic: { x: value }, fileSystem: value };
          last['reported'] = value;
          last['releasedAt'] = value;
          content['gone'] = [
            value,
            { uuid: '6f2d1c00-0000-4000-8000-00000000abcd', name: 'late', goneAt: value, columns: value },
            {
              uuid: '6f2d1c00-0000-4000-8000-00000000abce',
              name: value,
              goneAt: Date.now(),
              columns: {
                state: value,
                reason: value,
                stateSince: value,
                stateChanges: value,
                persistent: value,
              },
            },
          ];
          content['pools'] = value;
          content['networks'] = [value, { key: value, index: value }];
        }),
      );
      const found = await startedNumbers();
      expect(found).toEqual([1, 2, 3]);
      expect(complaints()).toContain('unexpected content');
      await untilSaved();
      const saved = readFileSync(`${state}/indexes.json`, 'utf8');
      expect(saved).not.toContain('x'.repeat(5000));
    },
  );
});

describe('indexes.json', () => {
  it('cut off anywhere keeps the domains that are whole', async () => {
    for (const share of [0.35, 0.6, 0.9, 0.999]) {
      reset();
      truncateSync(`${state}/indexes.json`, Math.floor(indexes.length * share));
      const whole = readFileSync(`${state}/indexes.json`, 'utf8').split('\n').length;
      const found = await startedNumbers();
      expect(ascending(found), `${share}`).toEqual([1, 2, 3]);
      if (share > 0.9) expect(found).toEqual([1, 2, 3]);
      expect(whole).toBeGreaterThan(1);
      expect(await warnings()).toContain('indexes.json.corrupt');
      await agent?.kill();
    }
  });

  it('with a byte order mark is read', async () => {
    reset();
    writeFileSync(`${state}/indexes.json`, `\ufeff${indexes}`);
    expect(await startedNumbers()).toEqual([1, 2, 3]);
  });

  it('of a version to come is kept for it', async () => {
    reset();
    const later = indexes.replace('"version":1', '"version":2');
    writeFileSync(`${state}/indexes.json`, later);
    expect(ascending(await startedNumbers())).toEqual([1, 2, 3]);
    expect(complaints()).toContain('another version');
    expect(readFileSync(`${state}/indexes.json.corrupt`, 'utf8')).toBe(later);
  });
});

describe('the state directory', () => {
  it.each([
    ['a file', () => writeFileSync(state, 'x')],
    ['a FIFO', () => execFileSync('mkfifo', [state])],
    ['a dangling link', () => execFileSync('ln', ['-s', '/nowhere/at/all', state])],
    ['a link to itself', () => execFileSync('ln', ['-s', state, state])],
    ['a device', () => execFileSync('mknod', [state, 'c', '1', '5'])],
  ])('that is %s costs what is saved, and the agent says so', async (_, make) => {
    rmSync(state, { recursive: true, force: true });
    make();
    expect(ascending(await startedNumbers())).toEqual([1, 2, 3]);
    expect(complaints()).toContain(state);
    expect(await warnings()).toContain(state);
    rmSync(state, { recursive: true, force: true });
    await untilSaved();
    const { code } = (await agent?.stop()) ?? {};
    expect(code).toBe(0);
  });

  it('whose file system has no inode left says so, and is written once there is one', async () => {
    reset();
    const { pid } = await start({
      mounts: `mount -t tmpfs -o nr_inodes=3,size=1m tmpfs ${state}; touch ${state}/one ${state}/two`,
    });
    await numbers();
    expect(await warnings()).toMatch(/no space left/i);
    execFileSync('nsenter', ['-m', '-t', `${pid}`, 'rm', `${state}/one`, `${state}/two`]);
    execFileSync('nsenter', ['-m', '-t', `${pid}`, 'mount', '-o', 'remount,nr_inodes=20', state]);
    await waitUntil(async () => !(await warnings()).includes(state), {
      what: 'no warning',
      timeoutMs: 60_000,
    });
  });

  it('that fills up while the agent runs says so, and nothing is lost once there is room', async () => {
    reset();
    const { pid } = await start({ mounts: `mount -t tmpfs -o size=64k tmpfs ${state}` });
    await numbers();
    const inside = (script: string): void => {
      execFileSync('nsenter', ['-m', '-t', `${pid}`, 'sh', '-c', script]);
    };
    inside(`dd if=/dev/zero of=${state}/fill bs=1k 2>/dev/null || true`);
    await libvirtd.start('alpha');
    await waitUntil(async () => /no space left/i.test(await warnings()), {
      what: 'a warning',
      timeoutMs: 60_000,
    });
    inside(`rm ${state}/fill`);
    await waitUntil(async () => !(await warnings()).includes(state), {
      what: 'no warning',
      timeoutMs: 60_000,
    });
    await libvirtd.virsh('destroy', 'alpha');
    await waitUntil(
      () =>
        execFileSync('nsenter', ['-m', '-t', `${pid}`, 'cat', `${state}/events.jsonl`], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        }).includes('"alpha"'),
      { what: 'the event of alpha', timeoutMs: 60_000 },
    );
  });

  it('that becomes read-only while the agent runs says so, and is written again afterwards', async () => {
    reset();
    const { pid } = await start({ mounts: `mount --bind ${state} ${state}` });
    await numbers();
    execFileSync('nsenter', ['-m', '-t', `${pid}`, 'mount', '-o', 'remount,ro,bind', state]);
    await libvirtd.start('alpha');
    await waitUntil(async () => (await warnings()).includes(state), { what: 'a warning', timeoutMs: 60_000 });
    execFileSync('nsenter', ['-m', '-t', `${pid}`, 'mount', '-o', 'remount,rw,bind', state]);
    await waitUntil(async () => !(await warnings()).includes(state), {
      what: 'no warning',
      timeoutMs: 60_000,
    });
    await libvirtd.virsh('destroy', 'alpha');
  });

  it('that is replaced by a file while the agent runs says so, and is made anew afterwards', async () => {
    reset();
    await startedNumbers();
    rmSync(state, { recursive: true });
    writeFileSync(state, 'x');
    await waitUntil(async () => (await warnings()).includes(state), { what: 'a warning', timeoutMs: 60_000 });
    rmSync(state);
    await untilSaved();
  });
});

describe('while the agent runs', () => {
  const replaced: readonly (readonly [what: string, script: string])[] = [
    ['removed', 'rm indexes.json events.jsonl lock'],
    ['cut', 'for f in *; do : > $f; done'],
    ['replaced by FIFOs', 'for f in *; do rm $f; mkfifo $f; done'],
    ['replaced by directories', 'for f in *; do rm $f; mkdir -p $f/x; done'],
    ['replaced by links to an endless device', 'for f in *; do ln -sf /dev/zero $f; done'],
  ];
  it.each(replaced)('files that are %s are written anew although nothing happens', async (_what, script) => {
    reset();
    expect(await startedNumbers()).toEqual([1, 2, 3]);
    await waitUntil(() => statSync(`${state}/lock`).size > 0, { what: 'the lock' });
    shell(script);
    await untilSaved();
    const isWhole = (file: string): boolean => {
      const place = lstatSync(`${state}/${file}`);
      return place.isFile() && place.size > 0;
    };
    await waitUntil(() => files.every(isWhole), { what: 'every file', timeoutMs: 60_000 });
    // As after a power cut: what was to be saved is saved already.
    await agent?.kill();
    expect(await startedNumbers()).toEqual([1, 2, 3]);
    expect(complaints()).not.toContain(state);
  });

  it('a directory that is away for a while is written again, with all that happened', async () => {
    reset();
    await startedNumbers();
    execFileSync('mv', [state, `${state}.away`]);
    execFileSync('ln', ['-s', state, state]);
    await waitUntil(async () => (await warnings()).includes(state), { what: 'a warning', timeoutMs: 60_000 });
    execFileSync('rm', [state]);
    execFileSync('mv', [`${state}.away`, state]);
    await waitUntil(async () => !(await warnings()).includes(state), {
      what: 'no warning',
      timeoutMs: 60_000,
      context: () => agent?.stderr() ?? '',
    });
    await untilSaved();
  });

  it('a log that nobody reads holds up nothing', async () => {
    reset();
    // A pipe has room for 64 KiB.
    const pipe = directory.file('log');
    await start({ mounts: `mkfifo ${pipe}; exec 2<>${pipe}; rm ${pipe}; head -c 65536 /dev/zero >&2` });
    expect(await numbers()).toEqual([1, 2, 3]);
    const count = async (): Promise<number> => Number((await walkServed(snmpd)).value('lveRefreshCount', 0));
    const before = await count();
    await waitUntil(async () => (await count()) > before + 3, { what: 'refreshes', timeoutMs: 60_000 });
    const { code } = (await agent?.stop()) ?? {};
    expect(code).toBe(0);
  });
});

describe('state directories whose file system stops answering while the agent runs', () => {
  let holder: ChildProcess | undefined;

  afterEach(() => {
    holder?.kill('SIGKILL');
    holder = undefined;
  });

  /** Covers a directory, for one process, with a file system that nobody serves: whoever asks it waits. */
  function silence(pid: number, path: string): void {
    const script = `exec 3<>/dev/fuse
      mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 silent ${path}
      exec sleep 600`;
    holder = spawn('nsenter', ['-m', '-t', `${pid}`, 'bash', '-ec', script], { stdio: 'ignore' });
  }

  /** Threads of a process that wait for that file system. */
  const waiting = (pid: number): number =>
    readdirSync(`/proc/${pid}/task`).filter((id) =>
      readFileSync(`/proc/${pid}/task/${id}/wchan`, 'utf8').startsWith('fuse_'),
    ).length;

  it('cost saving only, however many they are, and a reload has an end', async () => {
    rmSync(state, { recursive: true, force: true });
    mkdirSync(state);
    const list = ['one', 'two', 'three', 'four', 'five'].map((name) => ({
      name,
      uri: libvirtd.uriReadOnly,
    }));
    agent = await startAgent({
      agentxAddress: snmpd.agentxAddress,
      stateDirectory: state,
      mounts: 'true',
      config: { hypervisors: list, http: { address: '127.0.0.1:0' } },
    });
    const { pid } = agent;
    await numbers();
    await waitUntil(
      () => agent?.logLines().filter(({ msg }) => msg === 'libvirt-agentx started').length === 5,
      {
        what: 'all to run',
        timeoutMs: 60_000,
        context: () => agent?.stderr() ?? '',
      },
    );
    const { url } = await waitUntil(() => agent?.logLines().find(({ msg }) => msg === 'HTTP is served'), {
      what: 'HTTP',
      context: () => agent?.stderr() ?? '',
    });
    silence(pid, state);
    await libvirtd.start('alpha');
    await waitUntil(async () => (await warnings()).includes('has not answered'), {
      what: 'a warning',
      timeoutMs: 60_000,
      context: () => agent?.stderr() ?? '',
    });
    expect(waiting(pid)).toBeGreaterThan(0);
    expect(waiting(pid)).toBeLessThanOrEqual(3);
    // Compression takes a thread as well, as does reading what /proc has of a guest.
    await libvirtd.start('beta');
    await waitUntil(
      async () => {
        const walk = await walkServed(snmpd);
        return walk.column('lveDomState').get(`${walk.indexOf('lveDomName', 'beta')}`) === '1';
      },
      { what: 'what happens later', timeoutMs: 60_000, context: () => agent?.stderr() ?? '' },
    );
    const answer = await fetch(`${String(url)}metrics`, {
      headers: { 'accept-encoding': 'gzip' },
      signal: AbortSignal.timeout(60_000),
    });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(await answer.text()).toContain('beta');
    // With other settings each is stopped, and none can be started: the process does not stay without any.
    writeFileSync(
      agent.configPath,
      readFileSync(agent.configPath, 'utf8').replace('interval = 1', 'interval = 2'),
    );
    agent.signal('SIGHUP');
    const { signal } = await agent.exited;
    expect(signal).toBe('SIGKILL');
    const told = agent.logLines().map(({ msg }) => String(msg));
    expect(told.filter((msg) => msg.startsWith('a hypervisor could not be stopped in order'))).toHaveLength(
      5,
    );
    expect(told.at(-1)).toContain('the agent ends');
    await libvirtd.virsh('destroy', 'alpha');
    await libvirtd.virsh('destroy', 'beta');
  });
});
