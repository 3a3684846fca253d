import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, type AgentOptions, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { walkServed } from '../support/served-walk.ts';

const run = promisify(execFile);

let directory: LabDirectory;
let libvirtd: Libvirtd;
let snmpd: Snmpd;
let agent: Agent | undefined;
let state: string;

beforeAll(async () => {
  directory = await makeLabDirectory();
  [libvirtd, snmpd] = await Promise.all([startLibvirtd(), startSnmpd()]);
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

const guest = (name: string): string => biosGuest({ name, type: libvirtd.domainType });

async function startWith(options: Partial<AgentOptions> = {}): Promise<Agent> {
  agent = await startAgent({
    ...(options.config?.['hypervisors'] === undefined ? { uri: libvirtd.uriReadOnly } : {}),
    agentxAddress: snmpd.agentxAddress,
    stateDirectory: state,
    ...options,
  });
  return agent;
}

/** Numbers by name once all these domains are served. */
function numbers(...names: readonly string[]): Promise<readonly number[]> {
  return waitUntil(
    async () => {
      const walk = await walkServed(snmpd);
      return names.map((name) => walk.indexOf('lveDomName', name));
    },
    { what: `rows of ${names.join(', ')}`, intervalMs: 100, context: () => agent?.stderr() ?? '' },
  );
}

async function warnings(): Promise<string> {
  const walk = await walkServed(snmpd);
  return [...walk.column('lveWarningText').values()].join('\n');
}

const saved = (): string => readFileSync(`${state}/indexes.json`, 'utf8');

describe('a state directory that cannot be written', () => {
  beforeAll(async () => {
    state = directory.directory('state');
    // In this order, so that a fresh start would number them otherwise.
    await libvirtd.define(guest('zeta'));
    await startWith();
    expect(await numbers('zeta')).toEqual([1]);
    await libvirtd.define(guest('alpha'));
    expect(await numbers('zeta', 'alpha')).toEqual([1, 2]);
    await waitUntil(() => saved().includes('"index":2'), { what: 'the file' });
    await agent?.kill();
    agent = undefined;
  });

  it('at the start changes no number, and is written as soon as it can be', async () => {
    const { pid } = await startWith({
      mounts: `mount --bind ${state} ${state}; mount -o remount,ro,bind ${state}`,
    });
    expect(await numbers('zeta', 'alpha')).toEqual([1, 2]);
    expect(await warnings()).toContain(`${state} cannot be written`);
    await libvirtd.define(guest('beta'));
    expect(await numbers('beta')).toEqual([3]);
    await run('nsenter', ['-m', '-r', '-t', `${pid}`, 'mount', '-o', 'remount,rw,bind', state]);
    await waitUntil(() => saved().includes('"index":3'), { what: 'the file', timeoutMs: 40_000 });
    // The event of the third domain may be written a moment later than its number.
    await waitUntil(() => existsSync(`${state}/events.jsonl`), { what: 'the event log' });
    await waitUntil(async () => !(await warnings()).includes(state), { what: 'no warning' });
    expect((await readdir(state)).sort()).toEqual(['events.jsonl', 'indexes.json', 'lock']);
  });

  it('because it was removed is made anew', async () => {
    await startWith();
    expect(await numbers('zeta', 'alpha')).toEqual([1, 2]);
    await rm(state, { recursive: true });
    await waitUntil(() => existsSync(`${state}/indexes.json`), { what: 'the file', timeoutMs: 40_000 });
    expect(saved()).toContain('"index":2');
  });

  it('because its file system is full is read all the same', async () => {
    const file = saved();
    await writeFile(directory.file('indexes.json'), file);
    await startWith({
      mounts: `mount -t tmpfs -o size=64k tmpfs ${state}; cp ${directory.file('indexes.json')} ${state}/
        dd if=/dev/zero of=${state}/fill bs=1k 2>/dev/null || true`,
    });
    expect(await numbers('zeta', 'alpha')).toEqual([1, 2]);
    expect(await warnings()).toMatch(/no space left/i);
  });
});

describe('a state directory whose file system does not answer', () => {
  /** The kernel's side of FUSE, and nobody on the other one. */
  function hung(): string {
    state = directory.directory('hung');
    return `exec 3<>/dev/fuse
      mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 hung ${state}`;
  }

  it('ends the agent with a line that says so', async () => {
    const started = await startWith({ mounts: hung(), stateDirectory: `${directory.path}/hung/state` });
    const { signal } = await started.exited;
    expect(signal).toBe('SIGKILL');
    expect(started.logLines().at(-1)).toMatchObject({
      level: 'error',
      msg: expect.stringContaining('has not answered for 10 s'),
      remedy: expect.stringContaining('file system'),
    });
  });

  it('does not keep the agent from stopping in order when it is told to', async () => {
    const started = await startWith({ mounts: hung(), stateDirectory: `${directory.path}/hung/state` });
    await started.waitForLog('configuration read');
    started.signal('SIGTERM');
    await started.exited;
    expect(started.logLines().at(-1)).toMatchObject({ msg: 'stopped' });
  });

  it('keeps only that one of several hypervisors from starting, until it answers', async () => {
    state = directory.directory('several');
    const hung = directory.directory('several', 'hypervisors', 'two');
    const started = await startWith({
      mounts: `exec 3<>/dev/fuse
        mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 hung ${hung}`,
      config: {
        hypervisors: ['one', 'two'].map((name) => ({ name, uri: libvirtd.uriReadOnly })),
      },
    });
    await started.waitForLog('a hypervisor cannot be started');
    const hypervisors = async () => {
      const walk = await walkServed(snmpd);
      return ['lveHypervisorState', 'lveHypervisorLastError'].map((name) => [...walk.column(name).values()]);
    };
    // connected(2) and disconnected(3): what is known of the other one is why.
    await waitUntil(
      async () => {
        const [states = [], errors = []] = await hypervisors();
        return states.join() === '2,3' && errors[1]?.includes(`${hung} has not answered for 10 s`);
      },
      {
        what: 'the states of both, and why',
        timeoutMs: 60_000,
        context: () => started.stderr(),
      },
    );
    // Each thread that waits for it would be one fewer for all other files, of four.
    for (let nth = 0; nth < 6; nth++) {
      const reloaded = started.nextLog('configuration reloaded', 60_000);
      started.signal('SIGHUP');
      await reloaded;
    }
    const threads = readdirSync(`/proc/${started.pid}/task`);
    const waiting = threads.filter((id) =>
      readFileSync(`/proc/${started.pid}/task/${id}/wchan`, 'utf8').startsWith('fuse_'),
    );
    expect(waiting).toHaveLength(1);
    await run('nsenter', ['-m', '-r', '-t', `${started.pid}`, 'umount', '-l', '-f', hung]);
    await waitUntil(async () => (await hypervisors())[0]?.join() === '2,2', {
      what: 'the second one to be connected',
      timeoutMs: 60_000,
      context: () => started.stderr(),
    });
  });
});
