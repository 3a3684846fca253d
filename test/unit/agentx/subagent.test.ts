import { describe, expect, it } from 'vitest';
import { ResponseError } from '../../../src/agentx/errors.ts';
import type { ResponsePdu } from '../../../src/agentx/pdu.ts';
import { AgentxSubagent, type SubagentOptions } from '../../../src/agentx/subagent.ts';
import { type FakeMaster, pduBytes, startFakeMaster } from '../../fakes/fake-master.ts';
import { waitUntil } from '../../lab/wait.ts';
import { decodePdu } from '../../support/agentx-codec.ts';
import { agentxFixture } from '../../support/agentx-fixture.ts';
import { recordingLogger } from '../../support/recording-logger.ts';
import { scalar, syntheticTree } from '../../support/synthetic-tree.ts';

const root = [1, 3, 6, 1, 4, 1, 8072, 9999, 9999];
const tree = syntheticTree([
  scalar([...root, 1, 1], 'Integer32', 1),
  scalar([...root, 1, 2], 'OctetString', 'zwei'),
]);
const notification = { name: 'test', trapOid: [...root, 0, 1], varbinds: [] };
const range = { start: [...root, 1, 1, 0], include: false, end: [] };

function makeSubagent(path: string, options: Partial<SubagentOptions> = {}) {
  const { logger, lines: log } = recordingLogger();
  const subagent = new AgentxSubagent({
    address: { kind: 'unix', path },
    description: 'test',
    regions: [{ oid: root, name: 'TEST-MIB' }],
    capabilities: [{ oid: root, description: 'a test' }],
    logger,
    random: () => 0.5,
    ...options,
  });
  return { subagent, log };
}

async function registered(master: FakeMaster, options: Partial<SubagentOptions> = {}) {
  const made = makeSubagent(master.path, options);
  made.subagent.setTree(tree);
  made.subagent.start(new AbortController().signal);
  await waitUntil(() => made.subagent.state === 'registered', { what: 'registration', intervalMs: 5 });
  return made;
}

const get = (packetId: number, sessionId = 1) =>
  ({ kind: 'get', sessionId, transactionId: 5, packetId, ranges: [range] }) as const;

const responses = (master: FakeMaster) =>
  master.received.filter((pdu): pdu is ResponsePdu => pdu.kind === 'response');

describe('a session', () => {
  it('is opened, registered and announced in that order', async () => {
    await using master = await startFakeMaster();
    const { subagent } = await registered(master, { priority: 9, contexts: ['q1'], timeoutSec: 3 });
    await master.waitFor('addAgentCaps');
    expect(master.received).toMatchObject([
      { kind: 'open', sessionId: 0, timeoutSec: 3, description: 'test' },
      { kind: 'register', sessionId: 1, priority: 9, subtree: root, context: undefined },
      { kind: 'register', sessionId: 1, priority: 9, subtree: root, context: 'q1' },
      { kind: 'addAgentCaps', sessionId: 1, id: root, description: 'a test' },
    ]);
    await subagent.stop();
    expect((await master.waitFor('close'))[0]).toMatchObject({ sessionId: 1, reason: 5 });
    expect(subagent.state).toBe('stopped');
  });

  it('stops with its signal, and says good-bye', async () => {
    await using master = await startFakeMaster();
    const { subagent, log } = makeSubagent(master.path);
    const stopping = new AbortController();
    subagent.setTree(tree);
    subagent.start(stopping.signal);
    await master.waitFor('register');
    stopping.abort();
    await master.waitFor('close');
    await subagent.stop();
    expect(log.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  it('is given up when it is stopped before it began', async () => {
    await using master = await startFakeMaster();
    master.answer = () => undefined;
    const { subagent } = makeSubagent(master.path);
    subagent.start(new AbortController().signal);
    await master.waitFor('open');
    await subagent.stop();
    expect(subagent.state).toBe('stopped');
    const { subagent: never } = makeSubagent(master.path);
    await never.stop();
  });

  it('starts anew after the master is lost, and tells the states', async () => {
    await using master = await startFakeMaster();
    const { subagent, log } = await registered(master);
    const states: string[] = [];
    const unsubscribe = subagent.onStateChange((state) => states.push(state));
    master.drop();
    await master.waitFor('register', 2);
    await waitUntil(() => subagent.state === 'registered', { what: 'registration' });
    expect(states).toEqual(['connecting', 'open', 'registered']);
    expect(log.map(({ message }) => message)).toEqual([
      'session with the AgentX master opened',
      'no session with the AgentX master; it is tried again and again',
      'session with the AgentX master opened',
    ]);
    unsubscribe();
    await subagent.stop();
    expect(states).toHaveLength(3);
  });

  it('ends when the master closes it, with its reason in the log', async () => {
    await using master = await startFakeMaster();
    const { subagent, log } = await registered(master);
    master.send(pduBytes({ kind: 'close', sessionId: 1, transactionId: 0, packetId: 1, reason: 4 }));
    await master.waitFor('open', 2);
    expect(log[1]).toMatchObject({ level: 'warn', error: 'the master closed the session: timeouts' });
    await subagent.stop();
  });

  it('is tried again when the master refuses or does not answer', async () => {
    await using master = await startFakeMaster();
    master.answer = () => ResponseError.openFailed;
    const { subagent, log } = makeSubagent(master.path, { timing: { adminTimeoutMs: 60 } });
    subagent.setTree(tree);
    subagent.start(new AbortController().signal);
    await master.waitFor('open', 2);
    expect(log).toMatchObject([{ level: 'warn', error: 'the master refused Open: openFailed' }]);
    master.answer = () => undefined;
    await master.waitFor('open', 4);
    expect(log.at(-1)).toMatchObject({ error: 'the master did not answer Open within 60 ms' });
    master.answer = () => 0;
    await waitUntil(() => subagent.state === 'registered', { what: 'registration' });
    await subagent.stop();
  });

  it('is checked with a Ping when nothing comes, and given up without an answer', async () => {
    await using master = await startFakeMaster();
    const { subagent } = await registered(master, { timing: { pingIntervalMs: 40, silenceLimitMs: 80 } });
    await master.waitFor('ping', 2);
    expect(subagent.state).toBe('registered');
    master.answer = (pdu) => (pdu.kind === 'ping' ? undefined : 0);
    await master.waitFor('open', 2);
    await subagent.stop();
  });

  it('is checked with a Ping although the master asks all the time: only a Response tells its sysUpTime', async () => {
    await using master = await startFakeMaster();
    const { subagent } = await registered(master, { timing: { pingIntervalMs: 40 } });
    const pings = (): number => master.received.filter(({ kind }) => kind === 'ping').length;
    for (let packetId = 100; pings() < 2; packetId += 1) await master.ask(get(packetId));
    await subagent.stop();
  });

  it("knows when the master's sysUpTime was zero", async () => {
    await using master = await startFakeMaster();
    master.sysUpTime = 360_000;
    const before = Date.now();
    const { subagent } = await registered(master);
    const startedAt = subagent.masterStartedAt ?? 0;
    // An hour before a Response that came between these two moments; the wall clock tells whole milliseconds.
    expect(startedAt).toBeGreaterThan(before - 3_600_000 - 1);
    expect(startedAt).toBeLessThan(Date.now() - 3_600_000 + 1);
    await subagent.stop();
  });
});

describe('a connection that cannot be made', () => {
  it.each([
    ['no socket', '/nonexistent/master', /ENOENT/, /Start snmpd with 'master agentx'/],
    ['a socket nobody listens at', 'closed', /ECONNREFUSED/, /start snmpd/],
  ])('%s is logged once with a remedy', async (_what, where, error, remedy) => {
    const master = await startFakeMaster();
    const path = where === 'closed' ? `${master.path}-closed` : where;
    if (where === 'closed') await leaveSocketBehind(path);
    const { subagent, log } = makeSubagent(path);
    subagent.start(new AbortController().signal);
    await waitUntil(() => log.length > 0, { what: 'a warning' });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(log).toHaveLength(1);
    expect(log[0]).toMatchObject({
      level: 'warn',
      error: expect.stringMatching(error),
      remedy: expect.stringMatching(remedy),
    });
    expect(subagent.state).toBe('connecting');
    await expect(subagent.notify(notification)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    await subagent.stop();
    await master.close();
  });
});

/** A socket file as a killed snmpd leaves it. */
async function leaveSocketBehind(path: string): Promise<void> {
  const { runAnyway } = await import('../../lab/process.ts');
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await runAnyway(process.execPath, ['-e', script]);
}

describe('registration', () => {
  it('waits for the first tree', async () => {
    await using master = await startFakeMaster();
    const { subagent } = makeSubagent(master.path);
    subagent.start(new AbortController().signal);
    await waitUntil(() => subagent.state === 'open', { what: 'a session', intervalMs: 5 });
    expect(master.received.map(({ kind }) => kind)).toEqual(['open']);
    subagent.setTree(tree);
    await master.waitFor('register');
    await subagent.stop();
  });

  it('that is refused is named with a remedy, tried again, and told when it works', async () => {
    await using master = await startFakeMaster();
    master.answer = (pdu) => (pdu.kind === 'register' ? ResponseError.duplicateRegistration : 0);
    const { subagent, log } = makeSubagent(master.path, { timing: { registerRetryMs: 10 } });
    subagent.setTree(tree);
    subagent.start(new AbortController().signal);
    await master.waitFor('register', 3);
    expect(subagent.state).toBe('open');
    const refusals = log.filter(({ level }) => level === 'error');
    expect(refusals).toMatchObject([
      {
        region: 'TEST-MIB',
        error: 'the master refused Register TEST-MIB: duplicateRegistration',
        remedy: expect.stringContaining('another subagent'),
      },
    ]);
    master.answer = () => 0;
    await waitUntil(() => subagent.state === 'registered', { what: 'registration' });
    expect(log.at(-1)).toMatchObject({ level: 'info', message: 'region registered' });
    await subagent.stop();
  });

  it('waits for a master that stands still, and is not tried a second time', async () => {
    await using master = await startFakeMaster();
    const timing = { adminTimeoutMs: 20, registerRetryMs: 10 };
    const { subagent } = makeSubagent(master.path, { timing });
    master.answer = (pdu) => (pdu.kind === 'register' ? undefined : 0);
    subagent.setTree(tree);
    subagent.start(new AbortController().signal);
    const [register] = await master.waitFor('register');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(master.received.filter(({ kind }) => kind === 'register')).toHaveLength(1);
    master.answer = () => 0;
    master.respond(register?.packetId ?? 0);
    await waitUntil(() => subagent.state === 'registered', { what: 'registration' });
    await subagent.stop();
  });

  it('goes on with the other regions, and without an answer', async () => {
    await using master = await startFakeMaster();
    let registers = 0;
    master.answer = (pdu) => (pdu.kind === 'register' && registers++ === 0 ? undefined : 0);
    const { subagent } = await registered(master, {
      regions: [
        { oid: root, name: 'A-MIB' },
        { oid: [...root, 7], name: 'B-MIB' },
      ],
      timing: { adminTimeoutMs: 40, registerRetryMs: 10, pingIntervalMs: 20 },
    });
    const pdus = await master.waitFor('register', 3);
    expect(pdus.map(({ subtree }) => subtree.length)).toEqual([root.length, root.length + 1, root.length]);
    await subagent.stop();
  });
});

describe('contexts', () => {
  const region = { oid: root, name: 'TEST-MIB' };
  const of = (value: number) => syntheticTree([scalar([...root, 1, 1], 'Integer32', value)]);
  const context = (name: string) => ({
    name,
    regions: [region],
    capabilities: [{ oid: root, description: `in ${name}` }],
  });
  const ask = (master: FakeMaster, packetId: number, name: string) =>
    master.ask({ ...get(packetId), ...(name === '' ? {} : { context: name }) });
  const kinds = (master: FakeMaster) =>
    master.received
      .filter(({ kind }) => kind !== 'response')
      .map((pdu) =>
        pdu.kind === 'addAgentCaps'
          ? `${pdu.kind} ${pdu.description}`
          : 'context' in pdu
            ? `${pdu.kind} ${pdu.context ?? ''}`
            : pdu.kind,
      );

  it('come and go in one session, each with its own tree', async () => {
    await using master = await startFakeMaster();
    const { subagent } = await registered(master);
    await master.waitFor('addAgentCaps');
    subagent.addContext(context('a'));
    subagent.setTree(of(10), ['a']);
    subagent.addContext(context('b'));
    subagent.setTree(of(20), ['b']);
    await master.waitFor('addAgentCaps', 3);
    expect((await ask(master, 101, '')).varBinds[0]?.value).toBe(1);
    expect((await ask(master, 102, 'a')).varBinds[0]?.value).toBe(10);
    expect((await ask(master, 103, 'b')).varBinds[0]?.value).toBe(20);
    expect(await ask(master, 104, 'c')).toMatchObject({ error: ResponseError.unsupportedContext });
    await subagent.removeContext('a');
    expect(await ask(master, 105, 'a')).toMatchObject({ error: ResponseError.unsupportedContext });
    expect((await ask(master, 106, 'b')).varBinds[0]?.value).toBe(20);
    await master.waitFor('addAgentCaps', 5);
    expect(master.connections).toBe(1);
    const [, ...after] = kinds(master);
    expect(after.filter((kind) => kind !== 'ping')).toEqual([
      'register ',
      'addAgentCaps a test',
      'register a',
      'register b',
      'addAgentCaps in a',
      'addAgentCaps in b',
      'unregister a',
      // The master forgets all that have an OID in common.
      'removeAgentCaps ',
      'addAgentCaps a test',
      'addAgentCaps in b',
    ]);
    await subagent.stop();
  });

  it('are registered once they have something to serve, and again with a new master', async () => {
    await using master = await startFakeMaster();
    const { subagent } = await registered(master);
    subagent.addContext(context('a'));
    subagent.addContext(context('b'));
    subagent.setTree(of(20), ['b']);
    await master.waitFor('register', 2);
    master.drop();
    await master.waitFor('register', 4);
    expect(kinds(master).filter((kind) => kind.startsWith('register'))).toEqual([
      'register ',
      'register b',
      'register ',
      'register b',
    ]);
    await subagent.stop();
  });

  it('that vanish while there is no master are not registered with the next', async () => {
    await using master = await startFakeMaster();
    const { subagent } = await registered(master);
    subagent.addContext(context('a'));
    subagent.setTree(of(10), ['a']);
    await master.waitFor('register', 2);
    master.answer = () => ResponseError.openFailed;
    master.drop();
    await waitUntil(() => subagent.state === 'connecting', { what: 'the loss', intervalMs: 5 });
    await subagent.removeContext('a');
    master.answer = () => 0;
    await waitUntil(() => subagent.state === 'registered', { what: 'registration' });
    expect((await ask(master, 101, 'a')).error).toBe(ResponseError.notOpen);
    await subagent.stop();
    expect(kinds(master).filter((kind) => kind === 'register a')).toHaveLength(1);
  });

  it('take SETs, each for itself', async () => {
    await using master = await startFakeMaster();
    const { subagent } = await registered(master);
    const taken: string[] = [];
    const writable = (name: string) => {
      const [column] = of(1).columns;
      if (column === undefined) throw new Error('there is no column');
      const plan = { commit: () => void taken.push(name), undo: () => undefined };
      return { columns: [{ ...column, rows: column.rows, read: () => 1, planSet: () => plan }] };
    };
    for (const name of ['a', 'b']) {
      subagent.addContext(context(name));
      subagent.setTree(writable(name), [name]);
    }
    await master.waitFor('register', 3);
    const varBinds = [{ oid: [...root, 1, 1, 0], syntax: 'Integer32', value: 2 } as const];
    const set = { sessionId: 1, transactionId: 9 };
    const test = { kind: 'testSet', ...set, packetId: 101, context: 'b', varBinds } as const;
    expect(await master.ask(test)).toMatchObject({ error: 0 });
    expect(await master.ask({ kind: 'commitSet', ...set, packetId: 102 })).toMatchObject({ error: 0 });
    expect(taken).toEqual(['b']);
    await subagent.stop();
  });
});

describe('requests', () => {
  it('that arrive together are all answered, those that arrive in pieces too', async () => {
    await using master = await startFakeMaster();
    const { subagent } = await registered(master);
    const bytes = Buffer.concat([get(101), get(102), get(103)].map(pduBytes));
    master.send(bytes);
    await master.waitFor('response', 3);
    for (const [i, octet] of pduBytes(get(104)).entries()) {
      master.send(Buffer.of(octet));
      if (i % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await master.waitFor('response', 4);
    expect(responses(master).map(({ packetId }) => packetId)).toEqual([101, 102, 103, 104]);
    for (const response of responses(master)) {
      expect(response.varBinds).toEqual([{ oid: [...root, 1, 1, 0], syntax: 'Integer32', value: 1 }]);
    }
    await subagent.stop();
  });

  it('in little-endian byte order are understood', async () => {
    await using master = await startFakeMaster();
    const { subagent } = await registered(master);
    // A Ping as Net-SNMP writes it: no subagent answers Pings, but it says so to the right packet.
    const ping = agentxFixture('subagent-ping');
    master.send(ping);
    const [response] = await master.waitFor('response');
    expect(response).toMatchObject({
      packetId: decodePdu(ping).packetId,
      error: ResponseError.parseError,
    });
    await subagent.stop();
  });

  it('of an unknown type are answered with parseError, and the session goes on', async () => {
    await using master = await startFakeMaster();
    const { subagent } = await registered(master);
    const unknown = pduBytes(get(1));
    unknown[1] = 77;
    const broken = pduBytes(get(2));
    broken[20] = 255;
    master.send(Buffer.concat([unknown, broken]));
    await master.waitFor('response', 2);
    expect(responses(master).map(({ error }) => error)).toEqual([
      ResponseError.parseError,
      ResponseError.parseError,
    ]);
    expect(await master.ask(get(3))).toMatchObject({ error: 0 });
    expect(subagent.counters).toMatchObject({ parseErrors: 2, sessions: 1 });
    await subagent.stop();
  });

  it.each([
    ['garbage', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    ['an endless PDU', Buffer.from('0105100000000001000000010000000140000000', 'hex')],
  ])('%s ends that connection only', async (_what, bytes) => {
    await using master = await startFakeMaster();
    const { subagent, log } = await registered(master);
    master.send(bytes);
    await master.waitFor('register', 2);
    expect(log.find(({ level }) => level === 'warn')).toBeDefined();
    expect(await master.ask(get(9, 2))).toMatchObject({ error: 0 });
    await subagent.stop();
  });

  it('cut off by the end of the connection are forgotten', async () => {
    await using master = await startFakeMaster();
    const { subagent } = await registered(master);
    master.send(pduBytes(get(1)).subarray(0, 30));
    await new Promise((resolve) => setImmediate(resolve));
    master.drop();
    await master.waitFor('register', 2);
    expect(await master.ask(get(9, 2))).toMatchObject({ error: 0 });
    await subagent.stop();
  });

  it('see a new tree at once', async () => {
    await using master = await startFakeMaster();
    const { subagent } = await registered(master);
    subagent.setTree(syntheticTree([scalar([...root, 1, 1], 'Integer32', 2)]));
    expect((await master.ask(get(1))).varBinds[0]?.value).toBe(2);
    await subagent.stop();
  });
});

describe('notifications', () => {
  it('carry snmpTrapOID first, and leave the uptime to the master', async () => {
    await using master = await startFakeMaster();
    const { subagent } = await registered(master);
    await subagent.notify({
      ...notification,
      varbinds: [{ oid: [...root, 1, 1, 0], syntax: 'Integer32', value: 5 }],
    });
    await subagent.notify({ ...notification, context: 'a' });
    expect((await master.waitFor('notify', 2)).map(({ context }) => context)).toEqual([undefined, 'a']);
    expect((await master.waitFor('notify'))[0]?.varBinds).toEqual([
      { oid: [1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0], syntax: 'ObjectIdentifier', value: notification.trapOid },
      { oid: [...root, 1, 1, 0], syntax: 'Integer32', value: 5 },
    ]);
    await subagent.stop();
  });

  it('are waited for as long as the session lives, and never sent twice', async () => {
    await using master = await startFakeMaster();
    const timing = { adminTimeoutMs: 20, pingIntervalMs: 20 };
    const { subagent } = await registered(master, { timing });
    // On a busy machine the first Open may have been answered too late.
    const { sessions } = subagent.counters;
    let notify: number | undefined;
    master.answer = (pdu) => {
      if (pdu.kind !== 'notify') return pdu.kind === 'ping' ? undefined : 0;
      notify = pdu.packetId;
      return undefined;
    };
    const sent = subagent.notify(notification);
    await master.waitFor('ping');
    // Longer than any other PDU is waited for, and the master says nothing at all.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await master.ask(get(1))).toMatchObject({ error: 0 });
    expect(subagent.counters).toMatchObject({ notificationsSent: 0, notificationsFailed: 0, sessions });
    master.respond(notify ?? 0);
    await sent;
    expect(subagent.counters).toMatchObject({ notificationsSent: 1, notificationsFailed: 0, sessions });
    expect(master.received.filter(({ kind }) => kind === 'notify')).toHaveLength(1);
    await subagent.stop();
  });

  it('that are refused or cannot be sent say why', async () => {
    await using master = await startFakeMaster();
    const { subagent } = await registered(master);
    master.answer = (pdu) => (pdu.kind === 'notify' ? ResponseError.processingError : 0);
    await expect(subagent.notify(notification)).rejects.toMatchObject({
      code: 'AGENTX_ERROR',
      resErrorName: 'processingError',
    });
    const varbinds = [{ oid: root, syntax: 'Integer32', value: 'text' }] as const;
    await expect(subagent.notify({ ...notification, varbinds })).rejects.toThrow(TypeError);
    expect(await master.ask(get(1))).toMatchObject({ error: 0 });
    await subagent.stop();
  });

  it('fail together when the session is lost', async () => {
    await using master = await startFakeMaster();
    const { subagent } = await registered(master);
    master.answer = (pdu) => (pdu.kind === 'notify' ? undefined : 0);
    const outcomes = Promise.allSettled(Array.from({ length: 40 }, () => subagent.notify(notification)));
    await master.waitFor('notify', 32);
    master.drop();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CONNECTION_LOST' } });
    }
    await subagent.stop();
  });

  it('under way get a moment when the subagent stops', async () => {
    await using master = await startFakeMaster();
    const { subagent } = await registered(master, { timing: { flushMs: 5000 } });
    const sent = Promise.all(Array.from({ length: 100 }, () => subagent.notify(notification)));
    await subagent.stop();
    await sent;
    expect(subagent.counters.notificationsSent).toBe(100);
    expect(master.received.at(-1)?.kind).toBe('close');
  });
});
