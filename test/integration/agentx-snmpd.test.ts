import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAgentxAddress } from '../../src/agentx/address.ts';
import { AgentxSubagent, type SubagentOptions } from '../../src/agentx/subagent.ts';
import { silentLogger } from '../../src/log.ts';
import { inParallel } from '../../src/run/pool.ts';
import { compareOids } from '../../src/tree/oid.ts';
import type { WireSyntax, WireValue } from '../../src/tree/tree.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { startSnmptrapd } from '../lab/snmptrapd.ts';
import { waitUntil } from '../lab/wait.ts';
import { type SyntheticColumn, scalar, syntheticTree } from '../support/synthetic-tree.ts';

const root = [1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 4711];
const at = (...subIds: number[]) => [...root, ...subIds];
const name = (...subIds: number[]) => at(...subIds).join('.');
const user = { name: 'lab', authPassword: 'authentication', privacyPassword: 'confidential' } as const;
const max64 = 2n ** 64n - 1n;

const values: readonly (readonly [WireSyntax, WireValue, string, string])[] = [
  ['Integer32', -2_147_483_648, 'INTEGER', '-2147483648'],
  ['Integer32', 2_147_483_647, 'INTEGER', '2147483647'],
  ['OctetString', 'gäst "1" – 虚拟机', 'STRING', 'gäst "1" – 虚拟机'],
  ['OctetString', '', 'STRING', ''],
  [
    'OctetString',
    'a name that is longer than what is copied character by character: 0123456789',
    'STRING',
    '',
  ],
  ['ObjectIdentifier', [1, 3, 6, 1, 4, 1, 4_294_967_295], 'OID', '1.3.6.1.4.1.4294967295'],
  ['ObjectIdentifier', [0, 0], 'OID', '0.0'],
  ['IpAddress', Uint8Array.of(192, 0, 2, 255), 'IpAddress', '192.0.2.255'],
  ['Counter32', 4_294_967_295, 'Counter32', '4294967295'],
  ['Gauge32', 4_294_967_295, 'Gauge32', '4294967295'],
  ['TimeTicks', 4_294_967_295, 'Timeticks', '4294967295'],
  ['Counter64', max64, 'Counter64', String(max64)],
  ['Counter64', 2 ** 53 - 1, 'Counter64', String(2 ** 53 - 1)],
  ['Counter64', 2n ** 63n, 'Counter64', String(2n ** 63n)],
];

const columnCount = 20;
const rows = Array.from({ length: 200 }, (_, row) => [row + 1]);
const isHole = (column: number, row: number) =>
  column === 7 || (column % 3 === 0 && row % 5 === 0) || row === 199;
const table: readonly SyntheticColumn[] = Array.from({ length: columnCount }, (_, i) => ({
  oid: at(2, 1, 1, i + 1),
  syntax: 'Gauge32',
  rows,
  read: (row) => (isHole(i + 1, row) ? undefined : (i + 1) * 1000 + row),
}));
const tableSize = table.reduce(
  (sum, { read }) => sum + rows.filter((_, row) => read(row, {} as never) !== undefined).length,
  0,
);

let written: number | undefined;
const writable: SyntheticColumn = {
  oid: at(3, 1),
  syntax: 'Integer32',
  rows: [[0]],
  read: () => written ?? 1,
  planSet(_row, syntax, value) {
    if (syntax !== 'Integer32') return 'wrongType';
    if (value !== 1 && value !== 2) return 'wrongValue';
    const before = written;
    return {
      commit: () => {
        written = value;
      },
      undo: () => {
        written = before;
      },
    };
  },
};

const long = 'x'.repeat(65_480);
const tree = syntheticTree([
  scalar(at(0, 1), 'OctetString', long),
  scalar(at(0, 2), 'OctetString', 'after the long one'),
  ...values.map(([syntax, value], i) => scalar(at(1, i + 1), syntax, value)),
  ...table,
  writable,
]);

function makeSubagent(snmpd: Snmpd, options: Partial<SubagentOptions> = {}): AgentxSubagent {
  return new AgentxSubagent({
    address: parseAgentxAddress(snmpd.agentxAddress),
    description: 'synthetic',
    regions: [{ oid: root, name: 'synthetic' }],
    capabilities: [{ oid: root, description: 'a synthetic tree' }],
    logger: silentLogger,
    ...options,
  });
}

async function started(snmpd: Snmpd, options: Partial<SubagentOptions> = {}): Promise<AgentxSubagent> {
  const subagent = makeSubagent(snmpd, options);
  subagent.setTree(tree);
  subagent.start(new AbortController().signal);
  await waitUntil(() => subagent.state === 'registered', {
    what: 'registration',
    context: () => snmpd.log(),
  });
  return subagent;
}

describe('behind snmpd', () => {
  let snmpd: Snmpd;
  let subagent: AgentxSubagent;
  let startingAt = 0;
  beforeAll(async () => {
    startingAt = Date.now();
    snmpd = await startSnmpd({ users: [user], writable: true });
    subagent = await started(snmpd);
  });
  afterAll(async () => {
    await subagent.stop();
    await snmpd.stop();
  });

  it.each(values)('%s %s arrives unharmed', async (syntax, value, type, printed) => {
    const i = values.findIndex(([s, v]) => s === syntax && v === value);
    const [varBind] = await snmpd.get(name(1, i + 1, 0));
    expect(varBind).toMatchObject({ oid: name(1, i + 1, 0), type, value: printed === '' ? value : printed });
  });

  it.each([
    ['v1', { version: '1' }],
    ['v2c', { version: '2c' }],
    ['v3', { version: '3', user }],
  ] as const)('is walked over %s, past holes and an empty column', async (_version, options) => {
    const walked = await snmpd.walk(name(2), options);
    expect(walked).toHaveLength(tableSize);
    expect(walked.every(({ type }) => type === 'Gauge32')).toBe(true);
    expect(walked.some(({ oid }) => oid.startsWith(`${name(2, 1, 1, 7)}.`))).toBe(false);
  });

  it.each([1, 10, 25, 100])('is walked with GETBULK of %i repetitions', async (maxRepetitions) => {
    const walked = await snmpd.bulkwalk(name(2), { maxRepetitions });
    expect(walked).toHaveLength(tableSize);
    expect(walked[0]).toMatchObject({ oid: name(2, 1, 1, 1, 1), value: '1000' });
  });

  it('serves eight managers at once', async () => {
    const walks = await Promise.all(
      Array.from({ length: 8 }, (_, i) => snmpd.bulkwalk(name(2), { maxRepetitions: 10 + i })),
    );
    expect(walks.map((walk) => walk.length)).toEqual(Array(8).fill(tableSize));
  });

  it('tells an unknown object from a missing instance', async () => {
    const asked = await snmpd.get([name(9, 1, 0), name(1, 1, 1), name(2, 1, 1, 7, 1), name(2, 1, 1, 1, 999)]);
    expect(asked.map(({ type }) => type)).toEqual([
      'noSuchObject',
      'noSuchInstance',
      'noSuchInstance',
      'noSuchInstance',
    ]);
  });

  it('takes a SET and refuses others', async () => {
    await snmpd.set(name(3, 1, 0), 'i', '2');
    expect((await snmpd.get(name(3, 1, 0)))[0]?.value).toBe('2');
    await snmpd.set(name(3, 1, 0), 'i', '1');
    await expect(snmpd.set(name(3, 1, 0), 'i', '3')).rejects.toThrow(/wrongValue/);
    await expect(snmpd.set(name(3, 1, 0), 's', 'x')).rejects.toThrow(/wrongType/);
    await expect(snmpd.set(name(1, 1, 0), 'i', '3')).rejects.toThrow(/notWritable/);
    await expect(snmpd.set(name(3, 1, 7), 'i', '1')).rejects.toThrow(/noCreation/);
    expect((await snmpd.get(name(3, 1, 0)))[0]?.value).toBe('1');
  });

  it('answers tooBig rather than lose the session', async () => {
    await expect(snmpd.get(name(0, 1, 0))).rejects.toThrow(/tooBig|too big/i);
    expect((await snmpd.get(name(0, 2, 0)))[0]?.value).toBe('after the long one');
    expect(subagent.counters.tooBigResponses).toBeGreaterThan(0);
    expect(subagent.counters.sessions).toBe(1);
  });

  it('is listed in sysORTable', async () => {
    const entries = await snmpd.walk('1.3.6.1.2.1.1.9.1.3');
    expect(entries.map(({ value }) => value)).toContain('a synthetic tree');
  });

  it("knows the master's start", async () => {
    const registeredAt = Date.now();
    const startedAt = subagent.masterStartedAt ?? 0;
    // Its process had been started, and it had not answered yet; sysUpTime tells hundredths of a second.
    expect(startedAt).toBeGreaterThan(startingAt - 10);
    expect(startedAt).toBeLessThan(registeredAt);
  });
});

describe('over TCP', () => {
  it('serves the same', async () => {
    await using snmpd = await startSnmpd({ tcp: true });
    await using _subagent = await started(snmpd);
    expect(await snmpd.bulkwalk(name(2))).toHaveLength(tableSize);
  });
});

describe('when snmpd comes and goes', () => {
  it('is back by itself after a restart', async () => {
    await using snmpd = await startSnmpd();
    await using subagent = await started(snmpd);
    const states: string[] = [];
    subagent.onStateChange((state) => states.push(state));
    await snmpd.restart();
    await waitUntil(async () => (await snmpd.get(name(1, 1, 0)))[0]?.type === 'INTEGER', {
      what: 'the table',
    });
    expect(states).toEqual(['connecting', 'open', 'registered']);
    expect(subagent.counters.sessions).toBe(2);
  });

  it('waits for a master that starts later, and says once what to do', async () => {
    await using snmpd = await startSnmpd();
    await snmpd.kill();
    const lines: string[] = [];
    const logger = {
      ...silentLogger,
      child: () => logger,
      warn: (fields: object) => lines.push(JSON.stringify(fields)),
    };
    await using subagent = makeSubagent(snmpd, { logger });
    subagent.setTree(tree);
    subagent.start(new AbortController().signal);
    await waitUntil(() => lines.length > 0, { what: 'a warning' });
    await snmpd.restart();
    await waitUntil(() => subagent.state === 'registered', { what: 'registration' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('start snmpd');
  });

  it('goes on with the session of a snmpd that stood still: it is only late', async () => {
    await using snmpd = await startSnmpd();
    await using subagent = await started(snmpd, { timing: { pingIntervalMs: 100, adminTimeoutMs: 200 } });
    snmpd.signal('SIGSTOP');
    const late = subagent.notify({ name: 'late', trapOid: at(0, 1), varbinds: [] });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    snmpd.signal('SIGCONT');
    await late;
    expect((await snmpd.get(name(1, 1, 0)))[0]?.type).toBe('INTEGER');
    expect(subagent.counters).toMatchObject({ sessions: 1, notificationsSent: 1 });
  });

  it('notices that a snmpd on another host hangs, and is back when it runs again', async () => {
    await using snmpd = await startSnmpd({ tcp: true });
    // As for a master whose end the kernel would not tell.
    const timing = { pingIntervalMs: 100, adminTimeoutMs: 200, silenceLimitMs: 200 };
    await using subagent = await started(snmpd, { timing });
    snmpd.signal('SIGSTOP');
    await waitUntil(() => subagent.state === 'connecting', { what: 'the loss' });
    snmpd.signal('SIGCONT');
    await waitUntil(() => subagent.state === 'registered', { what: 'registration' });
    expect((await snmpd.get(name(1, 1, 0)))[0]?.type).toBe('INTEGER');
  });

  it('leaves in order: the master forgets its region at once', async () => {
    await using snmpd = await startSnmpd();
    const subagent = await started(snmpd);
    await subagent.stop();
    expect(subagent.state).toBe('stopped');
    expect((await snmpd.get(name(1, 1, 0)))[0]?.type).toBe('noSuchObject');
    await subagent.stop();
  });

  it('registers nothing before its first tree', async () => {
    await using snmpd = await startSnmpd();
    await using subagent = makeSubagent(snmpd);
    subagent.start(new AbortController().signal);
    await waitUntil(() => subagent.state === 'open', { what: 'a session' });
    expect((await snmpd.get(name(1, 1, 0)))[0]?.type).toBe('noSuchObject');
    subagent.setTree(tree);
    await waitUntil(() => subagent.state === 'registered', { what: 'registration' });
    expect((await snmpd.get(name(1, 1, 0)))[0]?.type).toBe('INTEGER');
  });
});

describe('a table that changes while it is walked', () => {
  it('is walked to its end, in order', async () => {
    await using snmpd = await startSnmpd();
    await using subagent = await started(snmpd);
    let generation = 0;
    const change = setInterval(() => {
      generation += 1;
      const some = rows.filter((_, row) => row % 7 !== generation % 7);
      subagent.setTree(
        syntheticTree(table.map(({ oid, syntax }) => ({ oid, syntax, rows: some, read: () => generation }))),
      );
    }, 2);
    try {
      const walks = await Promise.all([1, 10, 25].map((n) => snmpd.bulkwalk(name(2), { maxRepetitions: n })));
      for (const walked of walks) {
        expect(walked.length).toBeGreaterThan(tableSize / 2);
        const oids = walked.map(({ oid }) => oid.split('.').map(Number));
        expect(oids).toEqual([...oids].sort(compareOids));
      }
    } finally {
      clearInterval(change);
    }
    expect(generation).toBeGreaterThan(1);
  });
});

describe('registration', () => {
  it('takes over a region when the subagent that had it leaves', async () => {
    await using snmpd = await startSnmpd();
    const first = await started(snmpd);
    const errors: object[] = [];
    const logger = { ...silentLogger, child: () => logger, error: (fields: object) => errors.push(fields) };
    await using second = makeSubagent(snmpd, { logger, timing: { registerRetryMs: 50 } });
    second.setTree(tree);
    second.start(new AbortController().signal);
    await waitUntil(() => errors.length > 0, { what: 'a refusal' });
    expect(second.state).toBe('open');
    expect(errors[0]).toMatchObject({
      region: 'synthetic',
      error: expect.stringContaining('duplicateRegistration'),
    });
    await first.stop();
    await waitUntil(() => second.state === 'registered', { what: 'registration' });
    expect(errors).toHaveLength(1);
    expect((await snmpd.get(name(1, 1, 0)))[0]?.type).toBe('INTEGER');
  });

  it('stands by at a lower priority', async () => {
    await using snmpd = await startSnmpd();
    const first = await started(snmpd, { priority: 100 });
    await using _second = await started(snmpd, { priority: 200 });
    await first.stop();
    expect((await snmpd.get(name(1, 1, 0)))[0]?.type).toBe('INTEGER');
  });

  it('serves a context', async () => {
    await using snmpd = await startSnmpd({
      users: [user],
      extraConfig: 'access grp "" any noauth prefix all none none\nview all included .1\ngroup grp usm lab',
    });
    await using _subagent = await started(snmpd, { contexts: ['q1'] });
    const options = { version: '3', user, contextName: 'q1' } as const;
    expect((await snmpd.get(name(1, 1, 0)))[0]?.type).toBe('INTEGER');
    expect((await snmpd.get(name(1, 1, 0), options))[0]?.type).toBe('INTEGER');
    expect(await snmpd.bulkwalk(name(2), options)).toHaveLength(tableSize);
  });
});

describe('notifications', () => {
  const trapOid = at(10, 0, 1);
  const notification = {
    name: 'syntheticNotification',
    trapOid,
    varbinds: [
      { oid: at(2, 1, 1, 1, 5), syntax: 'Gauge32', value: 42 },
      { oid: at(1, 3, 0), syntax: 'OctetString', value: 'gäst' },
    ],
  } as const;

  it('reach sinks of every version, informs too', async () => {
    await using trapd = await startSnmptrapd();
    const { address } = trapd;
    await using snmpd = await startSnmpd({
      trapSinks: [
        { kind: 'v1', address },
        { kind: 'v2c', address },
        { kind: 'v2c-inform', address },
      ],
    });
    await using subagent = await started(snmpd);
    await subagent.notify(notification);
    for (const kind of ['trap-v1', 'trap-v2', 'inform'] as const) {
      const seen = await trapd.waitFor((n) => n.kind === kind && n.trapOid === trapOid.join('.'));
      expect(seen.varBinds).toContainEqual(
        expect.objectContaining({ oid: name(2, 1, 1, 1, 5), type: 'Gauge32', value: '42' }),
      );
      expect(seen.varBinds).toContainEqual(expect.objectContaining({ oid: name(1, 3, 0), value: 'gäst' }));
    }
    expect(subagent.counters.notificationsSent).toBe(1);
  });

  it('a burst is taken completely while the table is walked', async () => {
    await using snmpd = await startSnmpd();
    await using subagent = await started(snmpd);
    const burst = Array.from({ length: 1000 }, () => notification);
    const [walked] = await Promise.all([
      snmpd.bulkwalk(name(2)),
      inParallel(burst, 16, (one) => subagent.notify(one)),
    ]);
    expect(walked).toHaveLength(tableSize);
    expect(subagent.counters.notificationsSent).toBe(1000);
  });

  it('are refused at once without a session', async () => {
    await using snmpd = await startSnmpd();
    const subagent = await started(snmpd);
    await snmpd.kill();
    await waitUntil(() => subagent.state === 'connecting', { what: 'the loss' });
    await expect(subagent.notify(notification)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    await subagent.stop();
  });
});
