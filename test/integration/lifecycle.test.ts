import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, type AgentOptions, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { makeRawImage } from '../lab/image.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { readServed, type ServedWalk, walkServed } from '../support/served-walk.ts';

const connected = '2';
const disconnected = '3';
const gone = '2';
const retentionSec = 5;

let directory: LabDirectory;
let libvirtd: Libvirtd;
let snmpd: Snmpd;
let agent: Agent | undefined;
let diskPath: string;

beforeAll(async () => {
  directory = await makeLabDirectory();
  [libvirtd, snmpd] = await Promise.all([startLibvirtd(), startSnmpd()]);
  diskPath = await makeRawImage(`${libvirtd.imagesPath}/disk.raw`, 1);
  await Promise.all([libvirtd.run(guest('alpha')), libvirtd.define(guest('beta'))]);
});

afterEach(async () => {
  await agent?.stop();
  agent = undefined;
});

afterAll(async () => {
  await snmpd?.stop();
  await libvirtd?.stop();
  await directory?.remove();
});

function guest(name: string): string {
  const disks = [{ path: diskPath, readonly: true }, { device: 'cdrom' }] as const;
  return biosGuest({ name, type: libvirtd.domainType, disks, nics: [{}] });
}

async function startWith(options: Partial<AgentOptions> = {}): Promise<Agent> {
  agent = await startAgent({
    uri: libvirtd.uriReadOnly,
    agentxAddress: snmpd.agentxAddress,
    ...options,
    config: { collect: { retention: retentionSec }, ...options.config },
  });
  return agent;
}

const served = (name: string, ...index: readonly number[]) => readServed(snmpd, name, ...index);

function until(what: string, condition: () => Promise<boolean>, timeoutMs = 20_000): Promise<unknown> {
  return waitUntil(condition, { what, timeoutMs, intervalMs: 100, context: () => agent?.stderr() ?? '' });
}

/** A walk in which every one of these domains has its row, with disks and interface. */
function untilKnown(...names: readonly string[]): Promise<ServedWalk> {
  return waitUntil(
    async () => {
      const walk = await walkServed(snmpd);
      const complete = names.every((name) => {
        const index = walk.indexOf('lveDomName', name);
        if (walk.value('lveDomPresence', index) === gone) return true;
        const known = [walk.value('lveNicMac', index, 1), walk.value('vmCurMem', index)];
        return !known.includes(undefined);
      });
      return complete && walk.value('lveConnState', 0) === connected ? walk : undefined;
    },
    { what: `rows of ${names.join(', ')}`, intervalMs: 100, context: () => agent?.stderr() ?? '' },
  );
}

/** Numbers of domains, disks and interfaces by what they are bound to. */
function numbers(walk: ServedWalk, name: string): unknown {
  const index = walk.indexOf('lveDomName', name);
  const within = (column: string) =>
    [...walk.column(column)].filter(([row]) => row.startsWith(`${index}.`)).map(([row, key]) => [key, row]);
  return [index, ...within('lveDiskTarget'), ...within('lveNicMac')];
}

describe.sequential('a domain that ceases to exist', () => {
  it('stays as gone and down for the retention, then disappears', async () => {
    await startWith();
    await libvirtd.create(guest('fleeting'));
    const walk = await untilKnown('alpha', 'beta', 'fleeting');
    const index = walk.indexOf('lveDomName', 'fleeting');
    expect(await served('vmPersistent', index)).toBe('3');
    expect(await served('lveDomUp', index)).toBe('1');

    await libvirtd.virsh('destroy', 'fleeting');
    await until('the domain to be gone', async () => (await served('lveDomPresence', index)) === gone);
    const after = await walkServed(snmpd);
    expect(after.value('lveDomName', index)).toBe('fleeting');
    expect(after.value('lveDomUp', index)).toBe('0');
    expect(after.bytes('lveDomGoneTime', index)).toHaveLength(11);
    expect(after.value('lveDomainsGone', 0)).toBe('1');
    expect(after.value('lveDomUptime', index)).toBeUndefined();
    // VM-MIB has no notion of a domain that is gone.
    expect(after.value('vmName', index)).toBeUndefined();
    expect(after.value('vmNumber', 0)).toBe(String(after.column('vmName').size));
    expect([...after.column('lveDiskTarget').keys()].some((row) => row.startsWith(`${index}.`))).toBe(false);

    await libvirtd.create(guest('fleeting'));
    const again = await waitUntil(
      async () => {
        const found = await walkServed(snmpd);
        const names = [...found.column('lveDomName')].filter(([, name]) => name === 'fleeting');
        return names.length === 2 ? names.map(([row]) => Number(row)) : undefined;
      },
      { what: 'a second domain of the same name', intervalMs: 100 },
    );
    expect(new Set(again).size).toBe(2);

    await until('the end of the retention', async () => (await served('lveDomName', index)) === undefined);
    expect(await served('lveDomainsGone', 0)).toBe('0');
    await libvirtd.virsh('destroy', 'fleeting');
  });
});

describe.sequential('index numbers', () => {
  it('survive restarts of the agent and of libvirtd, and are not reused while their row exists', async () => {
    const stateDirectory = directory.directory('kept');
    const config = { collect: { retention: 600 } };
    await libvirtd.define(guest('gamma'));
    await startWith({ stateDirectory, config });
    const first = await untilKnown('alpha', 'beta', 'gamma');
    const gamma = first.indexOf('lveDomName', 'gamma');

    await agent?.stop();
    await libvirtd.virsh('undefine', 'gamma');
    await libvirtd.define(guest('delta'));
    await startWith({ stateDirectory, config });
    const second = await untilKnown('alpha', 'beta', 'gamma', 'delta');
    for (const name of ['alpha', 'beta']) expect(numbers(second, name)).toEqual(numbers(first, name));
    expect(second.value('lveDomName', gamma)).toBe('gamma');
    expect(second.value('lveDomPresence', gamma)).toBe(gone);
    expect(first.column('lveDomName').has(String(second.indexOf('lveDomName', 'delta')))).toBe(false);

    await libvirtd.restart();
    await until('libvirtd', async () => Number(await served('lveConnReconnects', 0)) >= 1);
    const third = await untilKnown('alpha', 'beta', 'delta');
    expect(numbers(third, 'delta')).toEqual(numbers(second, 'delta'));

    await until('the state to be saved', async () =>
      readFileSync(`${stateDirectory}/indexes.json`, 'utf8').includes('delta'),
    );
    await agent?.kill();
    await startWith({ stateDirectory, config });
    const fourth = await untilKnown('alpha', 'beta', 'gamma', 'delta');
    for (const name of ['alpha', 'beta', 'delta'])
      expect(numbers(fourth, name)).toEqual(numbers(third, name));
    expect(fourth.value('lveDomPresence', gamma)).toBe(gone);
    expect(fourth.value('lveDomUp', fourth.indexOf('lveDomName', 'alpha'))).toBe('1');
    await libvirtd.remove('delta');
  });
});

describe.sequential('the state directory', () => {
  /** The texts of lveWarningTable whose code is stateNotSaved. */
  async function stateWarnings(): Promise<readonly string[]> {
    const walk = await walkServed(snmpd);
    return [...walk.column('lveWarningCode')]
      .filter(([, code]) => code === '5')
      .map(([row]) => walk.value('lveWarningText', Number(row)) ?? '');
  }

  it('with a corrupt file: a warning, a fresh start, and the file kept aside', async () => {
    const stateDirectory = directory.directory('corrupt');
    const path = `${stateDirectory}/indexes.json`;
    const damaged = '{"version":1,"domains":[\n{"uuid":';
    writeFileSync(path, damaged);
    const started = await startWith({ stateDirectory });
    const walk = await untilKnown('alpha', 'beta');
    expect(await stateWarnings()).toEqual([expect.stringContaining(`${path}.corrupt`)]);
    expect(started.stderr()).toContain('the saved indexes cannot all be used');
    expect(readFileSync(`${path}.corrupt`, 'utf8')).toBe(damaged);
    expect([...walk.column('lveDomName').keys()]).toEqual(['1', '2']);
    await until('a new file', async () => existsSync(path) && readFileSync(path, 'utf8').includes('"uuid"'));
    const before = await agent?.stop();
    expect(before).toEqual({ code: 0, signal: undefined });
    await startWith({ stateDirectory });
    await untilKnown('alpha', 'beta');
    expect(await stateWarnings()).toEqual([]);
  });

  it('that cannot be written: a warning that names it, and everything served all the same', async () => {
    const stateDirectory = `${directory.file('a-file')}/state`;
    writeFileSync(directory.file('a-file'), '');
    const started = await startWith({ stateDirectory });
    await untilKnown('alpha', 'beta');
    const texts = await stateWarnings();
    expect(texts.length).toBeGreaterThan(0);
    expect(texts[0]).toContain(stateDirectory);
    const told = started.logLines().filter(({ remedy }) => String(remedy).includes('state.directory'));
    expect(told).toHaveLength(1);
  });

  it('that another agent uses: the second one ends with the code for configuration and says why', async () => {
    const stateDirectory = directory.directory('shared');
    await startWith({ stateDirectory });
    await untilKnown('alpha');
    await using second = await startAgent({
      uri: libvirtd.uriReadOnly,
      agentxAddress: snmpd.agentxAddress,
      stateDirectory,
    });
    expect(await second.exited).toEqual({ code: 78, signal: undefined });
    expect(second.stderr()).toContain(stateDirectory);
    expect(await served('lveConnState', 0)).toBe(connected);
  });
});

describe.sequential('when libvirtd', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'ends by %s: what is known stays, and its age tells',
    async (signal) => {
      await startWith();
      const before = await untilKnown('alpha', 'beta');
      const alpha = before.indexOf('lveDomName', 'alpha');
      await libvirtd.stopDaemon(signal);
      await until('the loss', async () => (await served('lveConnState', 0)) === disconnected);
      await until('the age to grow', async () => Number(await served('lveRefreshAge', 0)) >= 3);
      const away = await walkServed(snmpd);
      for (const name of ['lveDomName', 'lveDomState', 'vmCurMem', 'lveDomUuid']) {
        expect(away.column(name)).toEqual(before.column(name));
      }
      expect(away.value('lveDomPresence', alpha)).toBe('1');
      expect(away.value('vmOperState', alpha)).toBe('1');
      expect(away.value('lveConnLastError', 0)).not.toBe('');

      await libvirtd.startDaemon();
      await until('libvirtd', async () => (await served('lveConnState', 0)) === connected);
      await until('fresh values', async () => Number(await served('lveRefreshAge', 0)) <= 2);
      const back = await untilKnown('alpha', 'beta');
      expect(back.value('lveConnReconnects', 0)).toBe('1');
      expect(back.value('vmOperState', alpha)).toBe('4');
      expect(back.value('lveDomStateChanges', alpha)).toBe(before.value('lveDomStateChanges', alpha));
      // An event gets through the new connection as well.
      await libvirtd.virsh('suspend', 'alpha');
      await until('the new state', async () => (await served('lveDomState', alpha)) === '3');
      await libvirtd.virsh('resume', 'alpha');
    },
  );

  it('stands still: snmpd is answered at once, and the age of the data grows', async () => {
    await startWith();
    const before = await untilKnown('alpha', 'beta');
    const alpha = before.indexOf('lveDomName', 'alpha');
    libvirtd.signal('SIGSTOP');
    try {
      // A manager that waits for one second and asks once only.
      const impatient = { timeoutSec: 1, retries: 0 } as const;
      await until(
        'the age of the data to reach 15 s',
        async () => {
          await walkServed(snmpd, impatient);
          return Number(await served('lveRefreshAge', 0)) >= 15;
        },
        30_000,
      );
      expect(await served('lveDomName', alpha)).toBe('alpha');
      expect(Number(await served('lveDomStatsAge', alpha))).toBeGreaterThanOrEqual(14);
      expect(Number(await served('lveRefreshErrors', 0))).toBeGreaterThan(0);
    } finally {
      libvirtd.signal('SIGCONT');
    }
    await until('fresh values', async () => Number(await served('lveRefreshAge', 0)) <= 2);
    await until('fresh statistics', async () => Number(await served('lveDomStatsAge', alpha)) <= 2);
    expect(await served('lveConnState', 0)).toBe(connected);
    expect(await served('lveConnReconnects', 0)).toBe('0');
    expect(await served('lveDomStatsStatus', alpha)).toBe('1');
  });
});

describe.sequential('when snmpd', () => {
  it.each(['restarts', 'is killed'])('%s: the agent is back within seconds', async (what) => {
    await startWith();
    await untilKnown('alpha', 'beta');
    if (what === 'is killed') await snmpd.kill();
    await snmpd.restart();
    await until('the rows', async () => (await served('vmNumber', 0)) === '2', 5_000);
    const ids = (await snmpd.walk('1.3.6.1.2.1.1.9.1.3')).map(({ value }) => value);
    expect(ids.filter((text) => text.startsWith('libvirt-agentx '))).toHaveLength(2);
  });
});
