import { afterEach, describe, expect, it } from 'vitest';
import {
  AuthenticationFailedError,
  ConnectionFailedError,
  ConnectionLostError,
  NotAnsweringError,
  ProtocolError,
} from '../../../src/errors.ts';
import {
  CallCancelledError,
  CallTimeoutError,
  LibvirtConnection,
  type OpenOptions,
} from '../../../src/libvirt/connection.ts';
import type { LibvirtEvent } from '../../../src/libvirt/events.ts';
import { isNoDomain, isUnknownProcedure, LibvirtError } from '../../../src/libvirt/libvirt-error.ts';
import {
  connectGetAllDomainStats,
  connectGetHostname,
  connectListAllDomains,
  connectListAllStoragePools,
  domainGetControlInfo,
  domainGetDiskErrors,
  domainGetState,
  domainGetXmlDesc,
  nodeGetCellsFreeMemory,
} from '../../../src/libvirt/procedures.ts';
import { parseLibvirtUri } from '../../../src/libvirt/uri.ts';
import { type Logger, silentLogger } from '../../../src/log.ts';
import { FakeLibvirtd, type FakeLibvirtdOptions } from '../../fakes/fake-libvirtd.ts';
import { waitUntil } from '../../lab/wait.ts';

const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource[Symbol.asyncDispose]();
});

async function startFake(options: FakeLibvirtdOptions = {}): Promise<FakeLibvirtd> {
  const daemon = await FakeLibvirtd.start(options);
  open.push(daemon);
  return daemon;
}

async function connect(daemon: FakeLibvirtd, options: Partial<OpenOptions> = {}): Promise<LibvirtConnection> {
  const connection = await LibvirtConnection.open(parseLibvirtUri(daemon.uri), {
    readOnly: true,
    logger: silentLogger,
    ...options,
  });
  open.push(connection);
  return connection;
}

/** What a promise rejects with; fails the test if it does not. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}

const numbers = {
  hostname: 59,
  listPools: 281,
  state: 212,
  diskErrors: 263,
  listAll: 273,
  stats: 344,
  close: 2,
} as const;

describe('LibvirtConnection: calls', () => {
  it('opens, calls and closes', async () => {
    const daemon = await startFake({ hostname: 'a host' });
    const connection = await connect(daemon);
    expect(await connection.call(connectGetHostname, undefined)).toBe('a host');
    await connection.close();
    await connection.close();
    expect(await connection.closed).toBeUndefined();
    expect(daemon.callCount(numbers.close)).toBe(1);
    expect(await rejection(connection.call(connectGetHostname, undefined))).toBeInstanceOf(
      ConnectionLostError,
    );
  });

  it('matches replies that come out of order', async () => {
    const daemon = await startFake({ hostname: 'slow' });
    daemon.inject({ procedure: numbers.hostname, action: { type: 'delay', ms: 50 } });
    const connection = await connect(daemon);
    const order: string[] = [];
    const note = (name: string) => (): void => void order.push(name);
    const domain = daemon.domain(1);
    await Promise.all([
      connection.call(connectGetHostname, undefined).then(note('hostname')),
      connection.call(domainGetState, { domain, flags: 0 }).then(note('state')),
    ]);
    expect(order).toEqual(['state', 'hostname']);
  });

  it('drains far more calls than the daemon serves at a time', async () => {
    const daemon = await startFake();
    const connection = await connect(daemon);
    const domain = daemon.domain(2);
    const states = await Promise.all(
      Array.from({ length: 300 }, () => connection.call(domainGetState, { domain, flags: 0 })),
    );
    expect(states.every(({ state }) => state === 1)).toBe(true);
  });

  it('rejects with the error of libvirt', async () => {
    const connection = await connect(await startFake());
    const domain = { name: 'gone', uuid: '11111111-2222-3333-4444-555555555555', id: -1 };
    const error = await rejection(connection.call(domainGetState, { domain, flags: 0 }));
    expect(isNoDomain(error)).toBe(true);
    expect(error).toMatchObject({ procedure: 'domainGetState', virDomain: 10 });
    const unknown = await rejection(connection.call(nodeGetCellsFreeMemory, { startCell: 0, maxCells: 1 }));
    expect(isUnknownProcedure(unknown)).toBe(true);
  });

  it('decodes bulk statistics of the domains asked for', async () => {
    const daemon = await startFake({ domains: 30, shutOff: 5 });
    const connection = await connect(daemon);
    const all = await connection.call(connectListAllDomains, { flags: 0 });
    expect(all).toHaveLength(30);
    const absent = { name: 'x', uuid: '11111111-2222-3333-4444-555555555555', id: -1 };
    const records = await connection.call(connectGetAllDomainStats, {
      domains: [...all.slice(0, 10), absent],
      stats: 0x7ff,
      flags: 0,
    });
    expect(records.map(({ domain }) => domain.uuid)).toEqual(all.slice(0, 10).map(({ uuid }) => uuid));
    expect(records[0]?.params.names.length).toBeGreaterThan(130);
  });

  it('rejects only the call whose reply cannot be decoded', async () => {
    const daemon = await startFake();
    daemon.inject({
      procedure: numbers.state,
      action: { type: 'payload', bytes: Uint8Array.of(0, 0, 0, 1) },
    });
    const lift = daemon.inject({
      procedure: numbers.hostname,
      action: { type: 'payload', bytes: Buffer.from('ffffffff', 'hex') },
    });
    const connection = await connect(daemon);
    const domain = daemon.domain(1);
    const truncated = await rejection(connection.call(domainGetState, { domain, flags: 0 }));
    expect(truncated).toBeInstanceOf(ProtocolError);
    expect(truncated).toMatchObject({ message: expect.stringContaining('domainGetState') });
    expect(await rejection(connection.call(connectGetHostname, undefined))).toBeInstanceOf(ProtocolError);
    lift();
    expect(await connection.call(connectGetHostname, undefined)).toBe('fake-host');
  });

  it('rejects a call whose arguments cannot be encoded, and goes on', async () => {
    const daemon = await startFake();
    const connection = await connect(daemon);
    const domain = { name: 'x', uuid: 'nonsense', id: 1 };
    expect(await rejection(connection.call(domainGetState, { domain, flags: 0 }))).toBeInstanceOf(RangeError);
    expect(connection.unansweredCalls).toBe(0);
    expect(await connection.call(connectGetHostname, undefined)).toBe('fake-host');
  });
});

describe('LibvirtConnection: calls without an answer', () => {
  it('times out, counts the call until its late reply, and consumes that', async () => {
    const daemon = await startFake();
    const connection = await connect(daemon);
    const thaw = daemon.freezeMonitor(daemon.domain(1));
    const args = { domain: daemon.domain(1), maxErrors: 8, flags: 0 };
    const error = await rejection(connection.call(domainGetDiskErrors, args, { timeoutMs: 30 }));
    expect(error).toBeInstanceOf(CallTimeoutError);
    expect(error).toMatchObject({ code: 'CALL_TIMEOUT' });
    expect(connection.unansweredCalls).toBe(1);
    let answered = false;
    const answer = (error as CallTimeoutError).answered.then(() => {
      answered = true;
    });
    const control = await connection.call(domainGetControlInfo, { domain: daemon.domain(1), flags: 0 });
    expect(control.state).toBe(2);
    expect(answered).toBe(false);
    thaw();
    await answer;
    expect(connection.unansweredCalls).toBe(0);
    expect(await connection.call(domainGetDiskErrors, args)).toEqual({ errors: [], count: 0 });
  });

  it('treats an abort like a timeout', async () => {
    const daemon = await startFake();
    const lift = daemon.inject({ procedure: numbers.hostname, action: { type: 'hang' } });
    const connection = await connect(daemon);
    const controller = new AbortController();
    const calling = rejection(connection.call(connectGetHostname, undefined, { signal: controller.signal }));
    controller.abort(new Error('not wanted'));
    const error = await calling;
    expect(error).toBeInstanceOf(CallCancelledError);
    expect(connection.unansweredCalls).toBe(1);
    lift();
    await (error as CallCancelledError).answered;
    expect(connection.unansweredCalls).toBe(0);
  });

  it('does not send a call that is aborted beforehand', async () => {
    const daemon = await startFake();
    const connection = await connect(daemon);
    const error = await rejection(
      connection.call(connectGetHostname, undefined, { signal: AbortSignal.abort() }),
    );
    expect(error).toBeInstanceOf(CallCancelledError);
    await (error as CallCancelledError).answered;
    expect(await connection.call(domainGetXmlDesc, { domain: daemon.domain(1), flags: 0 })).toContain(
      'vm-00001',
    );
    expect(daemon.callCount(numbers.hostname)).toBe(0);
  });

  it('settles everything when the connection is lost', async () => {
    const daemon = await startFake();
    daemon.inject({ procedure: numbers.hostname, action: { type: 'hang' } });
    const connection = await connect(daemon);
    const timedOut = await rejection(connection.call(connectGetHostname, undefined, { timeoutMs: 10 }));
    const waiting = rejection(connection.call(connectGetHostname, undefined));
    await waitUntil(() => daemon.callCount(numbers.hostname) === 2, { what: 'both calls' });
    daemon.disconnectAll();
    expect(await waiting).toBeInstanceOf(ConnectionLostError);
    await (timedOut as CallTimeoutError).answered;
    expect(await connection.closed).toBeInstanceOf(ConnectionLostError);
    expect(connection.unansweredCalls).toBe(0);
  });

  it('says goodbye while calls are stuck, and drops what was not sent', async () => {
    const daemon = await startFake();
    daemon.inject({ procedure: numbers.hostname, action: { type: 'hang' } });
    const connection = await connect(daemon);
    const waiting = Array.from({ length: 6 }, () =>
      rejection(connection.call(connectGetHostname, undefined)),
    );
    await connection.close();
    for (const error of await Promise.all(waiting)) expect(error).toBeInstanceOf(ConnectionLostError);
    expect(daemon.callCount(numbers.hostname)).toBe(4);
    expect(daemon.callCount(numbers.close)).toBe(1);
  });

  it('has four calls under way and keeps the others back', async () => {
    const daemon = await startFake();
    const lift = daemon.inject({ procedure: numbers.hostname, action: { type: 'hang' } });
    const connection = await connect(daemon);
    const calls = Array.from({ length: 7 }, () => connection.call(connectGetHostname, undefined));
    await waitUntil(() => daemon.callCount(numbers.hostname) === 4, { what: 'four calls' });
    const late = await rejection(connection.call(connectGetHostname, undefined, { timeoutMs: 10 }));
    expect(late).toBeInstanceOf(CallTimeoutError);
    await (late as CallTimeoutError).answered;
    expect([daemon.callCount(numbers.hostname), connection.unansweredCalls]).toEqual([4, 0]);
    lift();
    expect(await Promise.all(calls)).toHaveLength(7);
    expect([daemon.callCount(numbers.hostname), daemon.maxServing]).toEqual([7, 4]);
  });

  it("asks another driver one thing at a time, and the hypervisor's beside", async () => {
    const daemon = await startFake();
    const lift = daemon.inject({ procedure: numbers.listPools, action: { type: 'hang' } });
    const connection = await connect(daemon);
    const first = connection.call(connectListAllStoragePools, { flags: 0 });
    const second = connection.call(connectListAllStoragePools, { flags: 0 });
    expect(await connection.call(connectGetHostname, undefined)).toBe('fake-host');
    expect(daemon.callCount(numbers.listPools)).toBe(1);
    lift();
    await Promise.all([first, second]);
    expect(daemon.callCount(numbers.listPools)).toBe(2);
  });

  it('is over when the daemon behind the daemon was restarted', async () => {
    const daemon = await startFake();
    const connection = await connect(daemon);
    const action = {
      type: 'error',
      code: 1,
      domain: 7,
      message: 'internal error: client socket is closed',
    } as const;
    daemon.inject({ procedure: numbers.listPools, action });
    const error = await rejection(connection.call(connectListAllStoragePools, { flags: 0 }));
    expect(error).toBeInstanceOf(LibvirtError);
    expect((await connection.closed)?.message).toContain('restarted');
  });

  it('is over for a text in another language only where the same call was answered before', async () => {
    const daemon = await startFake();
    const connection = await connect(daemon);
    const message = 'Interner Fehler: Client-Socket ist geschlossen';
    const list = () => connection.call(connectListAllStoragePools, { flags: 0 });
    const refuse = () =>
      daemon.inject({ procedure: numbers.listPools, action: { type: 'error', code: 1, domain: 7, message } });
    const lift = refuse();
    expect(await rejection(list())).toBeInstanceOf(LibvirtError);
    lift();
    expect(await list()).toBeInstanceOf(Array);
    refuse();
    expect(await rejection(list())).toBeInstanceOf(LibvirtError);
    expect((await connection.closed)?.message).toContain('restarted');
  });
});

describe('LibvirtConnection: a peer out of step', () => {
  const bad: readonly (readonly [string, string])[] = [
    ['a length above the limit', '7fffffff'],
    ['a length below the header', '00000004'],
    ['a reply nobody asked for', '0000001c 20008086 00000001 0000003b 00000001 000f4240 00000000'],
    ['a reply to another procedure', '0000001c 20008086 00000001 00000001 00000001 00000004 00000000'],
    ['another version', '0000001c 20008086 00000002 0000003b 00000001 00000004 00000000'],
    ['text', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n').toString('hex')],
  ];

  it.each(bad)('ends the connection on %s', async (_name, hex) => {
    const daemon = await startFake();
    const connection = await connect(daemon);
    daemon.sendRaw(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    const reason = await connection.closed;
    expect(reason).toBeInstanceOf(ConnectionLostError);
    expect(reason?.cause).toBeInstanceOf(ProtocolError);
  });

  it('takes an end within a frame as a loss', async () => {
    const daemon = await startFake();
    daemon.inject({ procedure: numbers.listAll, action: { type: 'cut' } });
    const connection = await connect(daemon);
    expect(await rejection(connection.call(connectListAllDomains, { flags: 0 }))).toBeInstanceOf(
      ConnectionLostError,
    );
  });

  it('ignores messages of other programs and streams', async () => {
    const daemon = await startFake();
    const connection = await connect(daemon);
    for (const hex of [
      '0000001c 20008087 00000001 00000006 00000002 00000000 00000000',
      '0000001c 20008086 00000001 000000d1 00000003 00000009 00000002',
    ]) {
      daemon.sendRaw(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    }
    expect(await connection.call(connectGetHostname, undefined)).toBe('fake-host');
  });
});

describe('LibvirtConnection: signs of life', () => {
  it('answers the PINGs of the daemon', async () => {
    const daemon = await startFake();
    const connection = await connect(daemon, { pingIntervalMs: 0 });
    daemon.ping();
    expect(await connection.call(connectGetHostname, undefined)).toBe('fake-host');
    expect(daemon.pings).toBe(0);
    expect(daemon.pongs).toBe(1);
  });

  it('answers one PING of many: who sends them without end need not read the answers', async () => {
    const daemon = await startFake();
    const connection = await connect(daemon, { pingIntervalMs: 0 });
    for (let ping = 0; ping < 10_000; ping++) daemon.ping();
    expect(await connection.call(connectGetHostname, undefined)).toBe('fake-host');
    expect(daemon.pongs).toBeGreaterThan(0);
    expect(daemon.pongs).toBeLessThan(1000);
  });

  it('pings and stays while PONGs come', async () => {
    const daemon = await startFake();
    const connection = await connect(daemon, { pingIntervalMs: 5 });
    await waitUntil(() => daemon.pings >= 8, { what: 'pings' });
    expect(await connection.call(connectGetHostname, undefined)).toBe('fake-host');
  });

  it('gives up a daemon beyond a network that shows no sign of life', async () => {
    const daemon = await startFake();
    daemon.answerPings = false;
    const connection = await connect(daemon, { pingIntervalMs: 5, maxMissedPings: 3 });
    expect((await connection.closed)?.message).toContain('no sign of life');
    expect(daemon.pings).toBe(1);
  });

  it('tells of silence and of its end, also while its own calls are unanswered', async () => {
    const daemon = await startFake();
    const lift = daemon.inject({ procedure: numbers.hostname, action: { type: 'hang' } });
    daemon.answerPings = false;
    const connection = await connect(daemon, { pingIntervalMs: 5 });
    const heard: (number | undefined)[] = [];
    connection.onSilence((silentMs) => heard.push(silentMs));
    const calls = Array.from({ length: 5 }, () => connection.call(connectGetHostname, undefined));
    await waitUntil(() => heard.length === 1, { what: 'silence' });
    daemon.answerPings = true;
    lift();
    expect(await Promise.all(calls)).toHaveLength(5);
    expect(heard).toEqual([5, undefined]);
    expect(daemon.clientCount).toBe(1);
  });
});

describe('LibvirtConnection: events', () => {
  it('subscribes to what the daemon knows and delivers to all listeners, in order', async () => {
    const daemon = await startFake();
    const connection = await connect(daemon);
    expect(await connection.subscribe(0)).toBe(true);
    expect(await connection.subscribe(29)).toBe(false);
    expect(await connection.subscribeNetworks(0)).toBe(true);
    expect(await connection.subscribeStoragePools(0)).toBe(true);
    const seen: string[] = [];
    const text = (event: LibvirtEvent): string =>
      event.type === 'lifecycle' ? `${event.domain.name} ${event.event}/${event.detail}` : event.type;
    const remove = connection.onEvent((event) => seen.push(`a ${text(event)}`));
    connection.onEvent((event) => seen.push(`b ${text(event)}`));
    daemon.emitLifecycle(daemon.domain(2), 5, 1);
    await waitUntil(() => seen.length === 2, { what: 'the event' });
    remove();
    daemon.emitLifecycle(daemon.domain(3), 2);
    await waitUntil(() => seen.length === 3, { what: 'the second event' });
    expect(seen).toEqual(['a vm-00002 5/1', 'b vm-00002 5/1', 'b vm-00003 2/0']);
  });

  it('drops events that are not admitted before they are decoded, and reads on', async () => {
    const daemon = await startFake();
    let admitted = 0;
    const connection = await connect(daemon, {
      admitEvent: () => {
        admitted += 1;
        return admitted <= 3;
      },
    });
    await connection.subscribe(0);
    const seen: LibvirtEvent[] = [];
    connection.onEvent((event) => seen.push(event));
    const stop = daemon.floodEvents();
    try {
      await waitUntil(() => admitted > 20_000, { what: 'events', timeoutMs: 20_000 });
      // It is answered meanwhile, and after the pauses in which nothing is read.
      expect(await connection.call(connectGetHostname, undefined)).toBe('fake-host');
    } finally {
      stop();
    }
    expect(seen).toHaveLength(3);
    expect(await connection.call(connectGetHostname, undefined)).toBe('fake-host');
  });

  it('does without the events of a driver whose daemon is away', async () => {
    const daemon = await startFake();
    const message = "Failed to connect socket to '/run/libvirt/virtnetworkd-sock-ro': No such file";
    daemon.inject({ procedure: 313, action: { type: 'error', code: 38, domain: 7, message } });
    const connection = await connect(daemon);
    expect(await connection.subscribeNetworks(0)).toBe(false);
    expect(await connection.subscribeStoragePools(0)).toBe(true);
  });

  it('survives a listener that throws and an event that cannot be decoded, and says so once each', async () => {
    const daemon = await startFake();
    const lines: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (_fields, message) => lines.push(message),
      error: (_fields, message) => lines.push(message),
      child: () => logger,
    };
    const connection = await connect(daemon, { logger });
    await connection.subscribe(0);
    const seen: string[] = [];
    connection.onEvent(() => {
      throw new Error('faulty listener');
    });
    connection.onEvent((event) => seen.push(event.type));
    daemon.emit(0, 318, (writer) => writer.string('no domain'));
    daemon.emit(0, 998, (writer) => writer.u32(1));
    await waitUntil(() => seen.length === 1, { what: 'the unknown event' });
    expect(seen).toEqual(['unknown']);
    expect(lines).toEqual(['event cannot be decoded', 'event listener failed']);
    expect(await connection.call(connectGetHostname, undefined)).toBe('fake-host');
  });

  it('ends when the daemon behind the daemon is lost', async () => {
    const daemon = await startFake();
    const connection = await connect(daemon);
    const seen: LibvirtEvent[] = [];
    connection.onEvent((event) => seen.push(event));
    daemon.sendRaw(
      Buffer.from('00000020200080860000000100000' + '16a00000002000000000000000000000001', 'hex'),
    );
    const reason = await connection.closed;
    expect(seen).toEqual([{ type: 'connectionClosed', reason: 1 }]);
    expect(reason?.message).toContain('lost its hypervisor driver');
  });
});

describe('LibvirtConnection: opening', () => {
  it('says what to do when nobody is there', async () => {
    const daemon = await startFake();
    const missing = parseLibvirtUri(`qemu+unix:///system?socket=${daemon.socketPath}-not-there`);
    const error = await rejection(LibvirtConnection.open(missing, { readOnly: true, logger: silentLogger }));
    expect(error).toBeInstanceOf(ConnectionFailedError);
    expect(error).toMatchObject({
      message: expect.stringContaining(`${daemon.socketPath}-not-there does not exist`),
      remedy: expect.stringContaining('virtqemud'),
    });
  });

  it('authenticates with polkit when asked to', async () => {
    const daemon = await startFake({ authTypes: [2] });
    const connection = await connect(daemon);
    expect(daemon.callCount(70)).toBe(1);
    expect(await connection.call(connectGetHostname, undefined)).toBe('fake-host');
  });

  it('tells that polkit does not work, with a remedy; a refusal stays what it is', async () => {
    const daemon = await startFake({ authTypes: [2] });
    const lift = daemon.inject({ procedure: 70, action: { type: 'error', code: 1, domain: 47 } });
    expect(await rejection(connect(daemon))).toMatchObject({ remedy: expect.stringContaining('polkit') });
    lift();
    daemon.inject({ procedure: 70, action: { type: 'error', code: 45 } });
    expect(await rejection(connect(daemon))).toMatchObject({ virCode: 45 });
  });

  it.each([
    ['sasl', [0], 'asks for no authentication'],
    ['sasl', [], 'asks for no authentication'],
    ['sasl.plain', [2], 'asks for another authentication (2)'],
    ['polkit', [0], 'asks for no authentication'],
  ])(
    'with auth=%s refuses a daemon that offers %j, before it asks anything of it',
    async (auth, authTypes, words) => {
      const daemon = await startFake({ authTypes });
      const target = parseLibvirtUri(`qemu+unix:///system?socket=${daemon.socketPath}&auth=${auth}`);
      const error = await rejection(LibvirtConnection.open(target, { readOnly: true, logger: silentLogger }));
      expect(error).toBeInstanceOf(AuthenticationFailedError);
      expect(error).toMatchObject({
        message: expect.stringContaining(words),
        remedy: expect.stringMatching(/^Set auth_unix_rw = "(sasl|polkit)"/),
      });
      expect(daemon.callCount(1)).toBe(0);
    },
  );

  it('passes on why the driver is not opened', async () => {
    const daemon = await startFake();
    daemon.inject({ procedure: 1, action: { type: 'error', code: 38, message: 'no driver' } });
    expect(await rejection(connect(daemon))).toBeInstanceOf(LibvirtError);
  });

  it('gives up in time a daemon that accepts but does not answer', async () => {
    const daemon = await startFake();
    daemon.inject({ procedure: 1, action: { type: 'hang' } });
    const error = await rejection(connect(daemon, { openTimeoutMs: 30 }));
    expect(error).toBeInstanceOf(NotAnsweringError);
    // In an operator's words, not in those of the protocol.
    expect(error).toMatchObject({ message: expect.not.stringMatching(/authList/) });
    await waitUntil(() => daemon.clientCount === 0, { what: 'the connection to end' });
  });

  it('is a failed connection when the daemon hangs up while it is opened', async () => {
    const daemon = await startFake();
    daemon.inject({ procedure: 66, action: { type: 'cut' } });
    expect(await rejection(connect(daemon))).toBeInstanceOf(ConnectionFailedError);
  });

  it('ends with the reason of the signal', async () => {
    const daemon = await startFake();
    daemon.inject({ procedure: 1, action: { type: 'hang' } });
    const controller = new AbortController();
    const opening = rejection(connect(daemon, { signal: controller.signal }));
    await waitUntil(() => daemon.callCount(1) === 1, { what: 'the call' });
    controller.abort(new Error('stop'));
    expect(await opening).toMatchObject({ message: 'stop' });
    expect(await rejection(connect(daemon, { signal: controller.signal }))).toMatchObject({
      message: 'stop',
    });
  });

  it('works over the standard input and output of a command', async () => {
    const daemon = await startFake();
    const tunnel = `const s=require('node:net').connect(process.env.FAKE_SOCKET);process.stdin.pipe(s);s.pipe(process.stdout)`;
    process.env['FAKE_SOCKET'] = daemon.socketPath;
    const target = {
      ...parseLibvirtUri('qemu+ext:///system?command=tunnel'),
      transport: { kind: 'command', scheme: 'ext', file: process.execPath, args: ['-e', tunnel] },
    } as const;
    await using connection = await LibvirtConnection.open(target, { readOnly: true, logger: silentLogger });
    expect(await connection.call(connectGetHostname, undefined)).toBe('fake-host');
    await connection.close();
    await waitUntil(() => daemon.clientCount === 0, { what: 'the tunnel to end' });
  });

  it('quotes the last words of a command that fails, and names one that is missing', async () => {
    const transport = {
      kind: 'command',
      scheme: 'ssh',
      file: process.execPath,
      args: ['-e', 'console.error("Permission denied (publickey).")', 'host', 'x'],
    } as const;
    const target = { ...parseLibvirtUri('qemu+ssh://host/system'), transport };
    const options = { readOnly: true, logger: silentLogger };
    expect(await rejection(LibvirtConnection.open(target, options))).toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringContaining('Permission denied (publickey).'),
      remedy: expect.stringContaining('ssh'),
    });
    const missing = { ...target, transport: { ...transport, file: 'no-such-program' } };
    expect(await rejection(LibvirtConnection.open(missing, options))).toMatchObject({
      message: expect.stringContaining('cannot start no-such-program'),
      remedy: expect.stringContaining('installed'),
    });
  });
});
