import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LibvirtConnection } from '../../src/libvirt/connection.ts';
import { parseLibvirtUri } from '../../src/libvirt/uri.ts';
import { silentLogger } from '../../src/log.ts';
import { definitions } from '../../src/mib/definitions.ts';
import { modules } from '../../src/mib/objects.gen.ts';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest, linuxGuest } from '../lab/domain-xml.ts';
import { guestSpawn, waitForGuestAgent } from '../lab/guest-agent.ts';
import { makeGuestImage } from '../lab/guest-image.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { joinNodes } from '../lab/migration.ts';
import { run, startProcess } from '../lab/process.ts';
import { crashQemu, makeFullDisk, panicGuest, starveWatchdog } from '../lab/provoke.ts';
import { randomEngineId, type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { type ReceivedNotification, type Snmptrapd, startSnmptrapd } from '../lab/snmptrapd.ts';
import { delay, waitUntil } from '../lab/wait.ts';
import { type NamedNotification, nameNotification } from '../support/named-notification.ts';
import { type DecodedMessage, decodeNotification } from '../support/snmp-message.ts';

const user = { name: 'lab', authPassword: 'authentication', privacyPassword: 'confidential' } as const;
const openUser = { name: 'open' } as const;

/** What a test expects of one notification: its name and some of its values. */
type Expected = readonly [name: string, values?: Readonly<Record<string, unknown>>];

/** A socket that keeps datagrams and the time at which they came. */
interface TimedTap {
  readonly socket: Socket;
  readonly address: string;
  readonly datagrams: { readonly at: number; readonly bytes: Buffer }[];
}

async function startTap(): Promise<TimedTap> {
  const socket = createSocket('udp4');
  const datagrams: { readonly at: number; readonly bytes: Buffer }[] = [];
  socket.on('message', (bytes) => datagrams.push({ at: performance.now(), bytes }));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { socket, address: `127.0.0.1:${socket.address().port}`, datagrams };
}

/** OID of an object at the place where its module is distributed. */
function oidOf(name: keyof typeof definitions): string {
  const { module, oid } = definitions[name];
  return [...modules[module].root, ...oid].join('.');
}

/** snmptrapd, snmpd with sinks of all kinds, and taps for the referee. */
class Receiver {
  readonly trapd: Snmptrapd;
  readonly snmpd: Snmpd;
  readonly tap: TimedTap;
  readonly tapV3: TimedTap;

  private constructor(trapd: Snmptrapd, snmpd: Snmpd, tap: TimedTap, tapV3: TimedTap) {
    this.trapd = trapd;
    this.snmpd = snmpd;
    this.tap = tap;
    this.tapV3 = tapV3;
  }

  static async start(): Promise<Receiver> {
    const engineId = randomEngineId();
    const trapd = await startSnmptrapd({ users: [user], senderEngineIds: [engineId] });
    const tap = await startTap();
    const tapV3 = await startTap();
    const snmpd = await startSnmpd({
      engineId,
      users: [user, openUser],
      writable: true,
      trapSinks: [
        { kind: 'v2c', address: tap.address },
        { kind: 'v3', address: tapV3.address, user: openUser },
        { kind: 'v2c', address: trapd.address },
        { kind: 'v2c-inform', address: trapd.address },
        { kind: 'v3', address: trapd.address, user },
        { kind: 'v3-inform', address: trapd.address, user },
        { kind: 'v1', address: trapd.address },
      ],
    });
    return new Receiver(trapd, snmpd, tap, tapV3);
  }

  async stop(): Promise<void> {
    await this.snmpd.stop();
    await this.trapd.stop();
    this.tap.socket.close();
    this.tapV3.socket.close();
  }

  /** Notifications of the agent that came by one way, in order. */
  received(
    version: ReceivedNotification['version'],
    kind: ReceivedNotification['kind'],
  ): NamedNotification[] {
    return this.trapd
      .received()
      .filter((notification) => notification.version === version && notification.kind === kind)
      .map(nameNotification)
      .filter(({ name }) => /^(vm|lve)/.test(name));
  }

  /** Traps over v2c: the reference for all other ways. */
  traps(): NamedNotification[] {
    return this.received('2c', 'trap-v2');
  }

  /** Waits for notifications about a domain since a mark, in this order, and nothing between them. */
  async expect(
    since: number,
    about: string,
    expected: readonly Expected[],
    { timeoutMs = 20_000, ignoring = '' } = {},
  ): Promise<void> {
    const relevant = (): NamedNotification[] =>
      this.traps()
        .slice(since)
        .filter(({ name, values }) => name !== ignoring && Object.values(values).includes(about));
    await waitUntil(() => relevant().length >= expected.length, {
      what: `${expected.map(([name]) => name).join(', ')} about ${about}`,
      timeoutMs,
      context: () => JSON.stringify(relevant(), undefined, 1),
    }).catch((error: unknown) => {
      // The comparison below shows what is missing.
      if (relevant().length === 0) throw error;
    });
    // What should not come must not come a moment later either.
    await delay(300);
    expect(relevant().map(({ name, values }) => [name, values])).toMatchObject(
      expected.map(([name, values]) => [name, values ?? {}]),
    );
    expect(relevant()).toHaveLength(expected.length);
  }
}

const stateChange = (oldState: string, text: string, severity = 'okay'): Expected => [
  'lveDomainStateChange',
  { lveNotifyOldState: oldState, lveDomStateText: text, lveDomSeverity: severity },
];
const domainEvent = (name: string): Expected => ['lveDomainEvent', { lveEventName: name }];

/** No hold-off: every step of a quick test is a notification. */
const eager = { notifications: { holdoff: 0, max_per_minute: 0, bulk_threshold: 5, bulk_window: 1 } };

describe('notifications of real guests', () => {
  let libvirtd: Libvirtd;
  let receiver: Receiver;
  let directory: LabDirectory;
  let agent: Agent;

  const start = async (): Promise<Agent> => {
    const started = await startAgent({
      uri: libvirtd.uriReadOnly,
      agentxAddress: receiver.snmpd.agentxAddress,
      stateDirectory: directory.directory('state'),
      config: eager,
    });
    await waitUntil(
      async () => (await receiver.snmpd.get(`${oidOf('lveRefreshCount')}.0`))[0]?.type === 'Counter32',
      { what: 'the agent to answer', context: () => started.stderr() },
    );
    await waitUntil(
      async () => Number((await receiver.snmpd.get(`${oidOf('lveRefreshCount')}.0`))[0]?.value) > 0,
      { what: 'the first refresh', context: () => started.stderr() },
    );
    return started;
  };

  beforeAll(async () => {
    libvirtd = await startLibvirtd();
    receiver = await Receiver.start();
    directory = await makeLabDirectory();
    agent = await start();
  });

  afterAll(async () => {
    await agent?.stop();
    await receiver?.stop();
    await libvirtd?.stop();
    await directory?.remove();
  });

  const uuidOf = async (name: string): Promise<string> => (await libvirtd.virsh('domuuid', name)).trim();

  /** Does something and waits for what it leads to. */
  const step = async (
    about: string,
    action: () => Promise<unknown>,
    expected: readonly Expected[],
    ignoring = '',
  ) => {
    const since = receiver.traps().length;
    await action();
    await receiver.expect(since, about, expected, { timeoutMs: 60_000, ignoring });
  };

  it('define, start, suspend, resume, reset, destroy and undefine', async () => {
    const name = 'first';
    await step(name, () => libvirtd.define(biosGuest({ name, type: libvirtd.domainType })), [
      domainEvent('defined/added'),
    ]);
    const uuid = await uuidOf(name);
    const hexUuid = uuid.replaceAll('-', '');
    await step(name, () => libvirtd.start(name), [
      ['vmRunning', { vmName: name, vmUUID: hexUuid, vmOperState: 'shutdown' }],
      [
        'lveDomainStateChange',
        {
          lveDomName: name,
          lveDomUuid: uuid,
          lveNotifyOldState: 'shutoff',
          lveDomState: 'running',
          lveDomReason: 1,
          lveDomStateText: 'running (booted)',
          lveDomSeverity: 'okay',
        },
      ],
    ]);
    const [running] = receiver.traps().filter(({ name: trap }) => trap === 'vmRunning');
    expect(running?.instances).toEqual({ vmName: '1', vmUUID: '1', vmOperState: '1' });
    await step(name, () => libvirtd.virsh('suspend', name), [
      ['vmPaused', { vmOperState: 'running' }],
      stateChange('running', 'paused (user)', 'warning'),
    ]);
    await step(name, () => libvirtd.virsh('resume', name), [
      ['vmRunning', { vmOperState: 'paused' }],
      stateChange('paused', 'running (unpaused)'),
    ]);
    const since = receiver.traps().length;
    await libvirtd.virsh('reset', name);
    await receiver.trapd.waitFor(
      (received) => nameNotification(received).values['lveEventName'] === 'reboot',
    );
    // QEMU tells of one reset up to three times: the next step must not begin before the last.
    await delay(1000);
    expect(
      receiver
        .traps()
        .slice(since)
        .every(({ name: trap }) => trap === 'lveDomainEvent'),
    ).toBe(true);
    await step(name, () => libvirtd.virsh('destroy', name), [
      ['vmShuttingdown', { vmOperState: 'running' }],
      stateChange('running', 'shutting down'),
      ['vmShutdown', { vmOperState: 'shuttingdown' }],
      stateChange('shutdown', 'shut off (destroyed)'),
    ]);
    await step(name, () => libvirtd.virsh('undefine', name), [
      ['vmDeleted', { vmName: name, vmUUID: hexUuid, vmOperState: 'shutdown', vmPersistent: 'persistent' }],
      domainEvent('undefined/removed'),
    ]);
  });

  it('save, restore, managed save and a transient domain', async () => {
    const name = 'saved';
    const path = libvirtd.directory.file('images', 'saved.save');
    await libvirtd.run(biosGuest({ name, type: libvirtd.domainType }));
    await receiver.trapd.waitFor((received) => nameNotification(received).values['lveDomName'] === name);
    await delay(500);
    const suspending = [
      ['vmSuspending', { vmOperState: 'running' }],
      stateChange('running', 'paused (save)', 'warning'),
      ['lveDomainJobCompleted', { lveJobOperation: 'save', lveJobSuccess: true }],
      ['vmSuspended', { vmOperState: 'suspending' }],
      stateChange('paused', 'shut off (saved)'),
    ] as const satisfies readonly Expected[];
    const back = [
      ['vmRunning', { vmOperState: 'suspended' }],
      stateChange('shutoff', 'running (restored)'),
    ] as const;
    await step(name, () => libvirtd.virsh('save', name, path), suspending);
    await step(name, () => libvirtd.virsh('restore', path), back);
    await step(name, () => libvirtd.virsh('managedsave', name), suspending);
    await step(name, () => libvirtd.start(name), back);
    await libvirtd.remove(name);
    await receiver.trapd.waitFor((received) => nameNotification(received).name === 'vmDeleted');

    await step('passing', () => libvirtd.create(biosGuest({ name: 'passing', type: libvirtd.domainType })), [
      ['vmRunning', { vmName: 'passing', vmOperState: 'unknown' }],
      stateChange('nostate', 'running (booted)'),
    ]);
    await step('passing', () => libvirtd.virsh('destroy', 'passing'), [
      ['vmShuttingdown'],
      stateChange('running', 'shutting down'),
      ['vmShutdown', { vmOperState: 'shuttingdown' }],
      stateChange('shutdown', 'shut off (destroyed)'),
      ['vmDeleted', { vmOperState: 'shutdown', vmPersistent: 'transient' }],
    ]);
  });

  it('a guest that shuts down, loses its agent, has its watchdog expire, panics and dies', async () => {
    const name = 'linux';
    await libvirtd.define(
      linuxGuest({
        ...(await makeGuestImage()),
        name,
        type: libvirtd.domainType,
        agentChannel: true,
        panicDevice: true,
        watchdogAction: 'pause',
        onCrash: 'preserve',
        commandLine: 'lab.agent',
      }),
    );
    const connected: Expected = ['lveDomainGuestAgentChange', { lveGuestAgentState: 'connected' }];
    const lost: Expected = ['lveDomainGuestAgentChange', { lveGuestAgentState: 'disconnected' }];
    const boot = async (): Promise<void> => {
      await libvirtd.start(name);
      await waitForGuestAgent(libvirtd, name);
    };
    const booted = [['vmRunning'], stateChange('shutoff', 'running (booted)'), connected] as const;
    await delay(500);
    await step(name, boot, booted);
    await step(name, () => guestSpawn(libvirtd, name, 'sleep 0.3; killall qemu-ga; sleep 1'), [
      lost,
      connected,
    ]);
    await waitForGuestAgent(libvirtd, name);
    // A guest that is fast enough is off before its agent's end is noticed.
    await step(
      name,
      () => libvirtd.virsh('shutdown', name, '--mode', 'agent'),
      [
        ['vmShuttingdown', { vmOperState: 'running' }],
        stateChange('running', 'shutting down'),
        ['vmShutdown', { vmOperState: 'shuttingdown' }],
        stateChange('shutdown', 'shut off (shutdown)'),
      ],
      'lveDomainGuestAgentChange',
    );
    await step(name, boot, booted);
    await step(name, () => starveWatchdog(libvirtd, name), [
      ['lveDomainEvent', { lveEventName: 'watchdog/pause', lveEventSeverity: 'failure', lveEventDetail: 1 }],
      ['vmPaused', { vmOperState: 'running' }],
      stateChange('running', 'paused (watchdog)', 'failure'),
    ]);
    await step(name, () => libvirtd.virsh('resume', name), [
      ['vmRunning', { vmOperState: 'paused' }],
      stateChange('paused', 'running (unpaused)'),
    ]);
    // QEMU stops before it tells why: sometimes the agent sees the pause.
    const panic = receiver.traps().length;
    await panicGuest(libvirtd, name);
    await waitUntil(
      () =>
        receiver
          .traps()
          .slice(panic)
          .find(({ values }) => values['lveDomStateText'] === 'crashed (panicked)'),
      { what: 'the panic' },
    );
    const crash = receiver
      .traps()
      .slice(panic)
      .find(({ name: trap }) => trap === 'vmCrashed');
    expect(['running', 'paused']).toContain(crash?.values['vmOperState']);
    // libvirt tells of the end of QEMU in between, or does not.
    const ending = receiver.traps().length;
    await libvirtd.virsh('destroy', name);
    await waitUntil(
      () =>
        receiver
          .traps()
          .slice(ending)
          .find(({ values }) => values['lveDomStateText'] === 'shut off (destroyed)'),
      { what: 'the end' },
    );
    await step(name, boot, booted);
    const since = receiver.traps().length;
    await crashQemu(libvirtd, name);
    await waitUntil(
      () =>
        receiver
          .traps()
          .slice(since)
          .find(({ values }) => values['lveDomStateText'] === 'shut off (crashed)'),
      { what: 'the crash' },
    );
    expect(
      receiver
        .traps()
        .slice(since)
        .find(({ name: trap }) => trap === 'vmCrashed')?.values,
    ).toMatchObject({ vmName: name, vmOperState: 'running' });
  });

  it('a disk that is full, until there is room', async () => {
    const name = 'full';
    const disk = await makeFullDisk(libvirtd);
    const since = receiver.traps().length;
    await libvirtd.run(
      linuxGuest({
        ...(await makeGuestImage()),
        name,
        type: libvirtd.domainType,
        commandLine: 'lab.write=vda',
        disks: [{ path: disk.path, errorPolicy: 'stop' }],
      }),
    );
    const named = (wanted: string) => (): NamedNotification | undefined =>
      receiver
        .traps()
        .slice(since)
        .find((trap) => trap.name === wanted && trap.values['lveDomName'] === name);
    const appeared = await waitUntil(named('lveDomainDiskError'), {
      what: 'the disk error',
      timeoutMs: 90_000,
    });
    expect(appeared.values).toMatchObject({ lveDiskErrTarget: 'vda', lveDiskErrCode: 'noSpace' });
    const before = receiver.traps().slice(since);
    expect(before.find(({ name: trap }) => trap === 'vmPaused')?.values).toMatchObject({
      vmOperState: 'running',
    });
    expect(before.map(({ values }) => values['lveDomStateText'])).toContain('paused (I/O error)');
    expect(
      before.find(({ values }) => values['lveEventName'] === 'ioErrorReason/pause')?.values,
    ).toMatchObject({
      lveEventText: expect.stringContaining(`${disk.path} (virtio-disk0): no space; action: pause`),
    });
    await disk.makeRoom();
    await libvirtd.virsh('resume', name);
    const cleared = await waitUntil(named('lveDomainDiskErrorCleared'), {
      what: 'the end of the error',
      timeoutMs: 90_000,
    });
    expect(cleared.values).toMatchObject({ lveDiskTarget: 'vda' });
    expect(cleared.instances['lveDiskTarget']).toBe(appeared.instances['lveDiskErrTarget']);
    await libvirtd.remove(name);
  });

  it('a migration away and back', async () => {
    const name = 'nomad';
    await using other = await startLibvirtd();
    const pair = await joinNodes(libvirtd, other);
    await libvirtd.run(biosGuest({ name, type: libvirtd.domainType }));
    const uuid = await uuidOf(name);
    await delay(1000);
    await step(name, () => pair.migrate(name, libvirtd, other), [
      ['vmMigrating', { vmOperState: 'running' }],
      stateChange('running', 'paused (migration)', 'warning'),
      ['vmShutdown', { vmOperState: 'migrating' }],
      stateChange('paused', 'shut off (migrated)'),
      ['lveDomainJobCompleted', { lveJobOperation: 'migrationOut', lveJobSuccess: true }],
      ['vmDeleted', { vmPersistent: 'persistent' }],
      domainEvent('undefined/removed'),
    ]);
    await step(name, () => pair.migrate(name, other, libvirtd), [
      ['vmMigrating', { vmName: name }],
      stateChange('nostate', 'paused (migration)', 'warning'),
      domainEvent('defined/added'),
      ['vmRunning', { vmName: name, vmOperState: 'migrating' }],
      ['lveDomainStateChange', { lveDomUuid: uuid, lveDomStateText: 'running (migrated)' }],
    ]);
    const events = await receiver.snmpd.walk(oidOf('lveEventFindSummary'));
    const history = events
      .filter(
        ({ oid, value }) => oid.startsWith(`${oidOf('lveEventFindSummary')}.0.`) && value.includes(uuid),
      )
      .map(({ value }) => value.split('|')[0]?.trim());
    expect(history).toContain('stopped/migrated');
    expect(history).toContain('started/migrated');
    await libvirtd.remove(name);
  });

  it('history is selected by type and time with one GETNEXT, outlives the domains and a restart', async () => {
    const column = oidOf('lveEventFindSummary');
    const stopped = `${column}.6`;
    const all = await receiver.snmpd.walk(stopped);
    expect(all.length).toBeGreaterThan(3);
    const times = all.map(({ oid }) => Number(oid.slice(stopped.length + 1).split('.')[0]));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const [middle] = await receiver.snmpd.getNext(`${stopped}.${(times[1] ?? 0) + 1}`);
    const next = all.find((_entry, at) => (times[at] ?? 0) > (times[1] ?? 0));
    expect(middle?.oid).toBe(next?.oid);
    expect(all[0]?.value).toContain('stopped/destroyed');
    expect(all[0]?.value).toContain('first');

    const names = async () => (await receiver.snmpd.walk(oidOf('lveEventName'))).map(({ value }) => value);
    const notified = (await receiver.snmpd.walk(oidOf('lveEventNotified'))).map(({ value }) => value);
    const before = await names();
    expect(notified[before.indexOf('started/booted')]).toBe('1');
    expect(notified[before.indexOf('resumed/unpaused')]).toBe('2');
    await agent.stop();
    agent = await start();
    expect((await names()).slice(0, before.length)).toEqual(before);
  });

  it('what happens while the agent does not run is found and reported', async () => {
    const name = 'unseen';
    await libvirtd.run(biosGuest({ name, type: libvirtd.domainType }));
    await receiver.trapd.waitFor((received) => nameNotification(received).values['lveDomName'] === name);
    await delay(500);
    await agent.stop();
    await libvirtd.virsh('destroy', name);
    const since = receiver.traps().length;
    agent = await start();
    await receiver.expect(since, name, [
      ['vmShutdown', { vmOperState: 'running' }],
      stateChange('running', 'shut off (destroyed)'),
    ]);
    const [text] = (await receiver.snmpd.walk(oidOf('lveEventText'))).slice(-1);
    expect(text?.value).toContain('while the agent was not running');
    await libvirtd.remove(name);
  });

  it('what happens while libvirt is away is found and reported, and the loss itself', async () => {
    const name = 'orphan';
    await libvirtd.run(biosGuest({ name, type: libvirtd.domainType }));
    await receiver.trapd.waitFor((received) => nameNotification(received).values['lveDomName'] === name);
    await delay(1500);
    const since = receiver.traps().length;
    const qemuPid = await libvirtd.qemuPid(name);
    await libvirtd.stopDaemon();
    process.kill(qemuPid, 'SIGKILL');
    await libvirtd.startDaemon();
    const found = await waitUntil(
      () =>
        receiver
          .traps()
          .slice(since)
          .find(({ values }) => values['lveDomName'] === name),
      { what: 'the end of the domain', timeoutMs: 60_000 },
    );
    expect(found.values).toMatchObject({ lveDomState: 'shutoff', lveNotifyOldState: 'running' });
    const connection = receiver
      .traps()
      .slice(since)
      .filter((trap) => trap.name === 'lveConnectionChange')
      .map(({ values }) => [values['lveConnState'], values['lveNotifyConnUp']]);
    expect(connection).toEqual([
      ['disconnected', false],
      ['connected', true],
    ]);
    await libvirtd.remove(name);
  });

  it('snmpd restarted in the middle, the agent reloaded: everything that can wait arrives, in order', async () => {
    const name = 'patient';
    await libvirtd.run(biosGuest({ name, type: libvirtd.domainType }));
    await receiver.trapd.waitFor((received) => nameNotification(received).values['lveDomName'] === name);
    await delay(1000);
    const since = receiver.traps().length;
    // Not killed: it would forget how often it booted, and receivers of SNMPv3 would take its traps for replays.
    const lost = agent.nextLog('no session with the AgentX master');
    receiver.snmpd.signal('SIGTERM');
    await lost;
    const expected: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      await libvirtd.virsh('suspend', name);
      await libvirtd.virsh('resume', name);
      expected.push('paused', 'running');
    }
    await delay(1000);
    const reloaded = agent.nextLog('configuration reloaded');
    agent.signal('SIGHUP');
    await reloaded;
    await receiver.snmpd.restart();
    const texts = (): unknown[] =>
      receiver
        .traps()
        .slice(since)
        .map(({ values }) => values['lveDomStateText'])
        .filter((text) => text !== undefined)
        // The reason of a pause that is over when the agent asks for it cannot be had any more.
        .map((text) => String(text).split(' (')[0]);
    await waitUntil(() => texts().length >= expected.length, {
      what: 'the queue to leave',
      context: () => agent?.stderr() ?? '',
    });
    expect(texts()).toEqual(expected);
    await libvirtd.remove(name);
  });

  it('every way carries the same notifications, and an independent referee reads the same values', async () => {
    const ours = (message: DecodedMessage): boolean =>
      /^1\.3\.6\.1\.(4\.1\.8072\.9999\.9999\.16514|2\.1\.236)\.0\./.test(message.varBinds[1]?.text ?? '');
    const taps = [
      [receiver.tap, 'v2c'],
      [receiver.tapV3, 'v3'],
    ] as const;
    const messagesOf = (tap: (typeof taps)[number][0]): readonly DecodedMessage[] =>
      tap.datagrams.map(({ bytes }) => decodeNotification(bytes)).filter(ours);
    // SNMPv1 has no 64-bit integers, so these do not exist there.
    const inV1 = ({ name }: NamedNotification): boolean => name !== 'lveDomainJobCompleted';
    // On a busy host snmptrapd prints some late.
    await waitUntil(
      () => {
        const traps = receiver.traps();
        if (receiver.received('1', 'trap-v1').length !== traps.filter(inV1).length) return false;
        const counts = [
          traps.length,
          receiver.received('3', 'trap-v2').length,
          receiver.received('2c', 'inform').length,
          receiver.received('3', 'inform').length,
          ...taps.map(([tap]) => messagesOf(tap).length),
        ];
        return new Set(counts).size === 1;
      },
      { what: 'as many notifications on every way', timeoutMs: 60_000, intervalMs: 500 },
    );
    const traps = receiver.traps();
    expect(traps.length).toBeGreaterThan(50);
    const shape = (list: readonly NamedNotification[]) => list.map(({ name, values }) => ({ name, values }));
    expect(shape(receiver.received('3', 'trap-v2'))).toEqual(shape(traps));
    expect(shape(receiver.received('2c', 'inform'))).toEqual(shape(traps));
    expect(shape(receiver.received('3', 'inform'))).toEqual(shape(traps));
    expect(receiver.received('1', 'trap-v1').map(({ name }) => name)).toEqual(
      traps.filter(inV1).map(({ name }) => name),
    );

    const printed = receiver.trapd
      .received()
      .filter((received) => received.version === '2c' && received.kind === 'trap-v2')
      .filter((received) => /^(vm|lve)/.test(nameNotification(received).name));
    for (const [tap, version] of taps) {
      const messages = messagesOf(tap);
      expect(messages).toHaveLength(printed.length);
      for (const [at, message] of messages.entries()) {
        expect(message).toMatchObject({ version, pdu: 'trap', errorStatus: '0', errorIndex: '0' });
        expect(message.varBinds[0]).toMatchObject({ oid: '1.3.6.1.2.1.1.3.0', type: 'TimeTicks' });
        expect(message.varBinds[1]?.oid).toBe('1.3.6.1.6.3.1.1.4.1.0');
        const { varBinds } = printed[at] ?? { varBinds: [] };
        expect(
          message.varBinds.slice(1).map(({ oid, text, octets }) => [oid, octets?.toString('hex') ?? text]),
        ).toEqual(varBinds.slice(1).map(({ oid, value, bytes }) => [oid, bytes?.toString('hex') ?? value]));
      }
    }
  });

  it('prints how long a notification takes from libvirt to the wire', async () => {
    const name = 'quick';
    await libvirtd.run(biosGuest({ name, type: libvirtd.domainType }));
    await delay(1500);
    const connection = await LibvirtConnection.open(
      parseLibvirtUri(libvirtd.uriReadOnly, { readOnly: true }),
      {
        readOnly: true,
        logger: silentLogger,
        signal: new AbortController().signal,
      },
    );
    try {
      const events: number[] = [];
      connection.onEvent((event) => {
        if (event.type === 'lifecycle') events.push(performance.now());
      });
      await connection.subscribe(0);
      const first = receiver.tap.datagrams.length;
      const rounds = 10;
      for (let round = 0; round < rounds; round += 1) {
        await libvirtd.virsh('suspend', name);
        await libvirtd.virsh('resume', name);
      }
      const arrivals = await waitUntil(
        () => {
          const times = receiver.tap.datagrams
            .slice(first)
            .filter(({ bytes }) => isStateChange(bytes))
            .map(({ at }) => at);
          return times.length >= 2 * rounds ? times : undefined;
        },
        { what: 'all datagrams' },
      );
      expect(events).toHaveLength(2 * rounds);
      const delays = arrivals.map((at, index) => at - (events[index] ?? 0)).sort((a, b) => a - b);
      const [median, worst] = [delays[rounds] ?? 0, delays.at(-1) ?? 0];
      process.stdout.write(
        `libvirt's event to the trap's datagram: median ${median.toFixed(1)} ms, worst ${worst.toFixed(1)} ms of ${delays.length}\n`,
      );
    } finally {
      await connection.close();
      await libvirtd.remove(name);
    }
  });
});

function isStateChange(datagram: Buffer): boolean {
  const trapOid = decodeNotification(datagram).varBinds[1]?.text;
  return trapOid === `${modules['LIBVIRT-EXT-MIB'].root.join('.')}.0.1`;
}

describe('a storm', () => {
  const count = 200;
  /** What libvirtd says where it was built without its test driver. */
  let missing: string | undefined;
  let libvirtd: Libvirtd;
  let receiver: Receiver;
  let agent: Agent | undefined;

  beforeAll(async () => {
    // Of all daemons only libvirtd has the test driver, if it was built with it.
    libvirtd = await startLibvirtd({ modular: false });
    missing = await libvirtd
      .virsh('-c', `test+unix:///default?socket=${libvirtd.socket}`, 'uri')
      .then(() => undefined, String);
    if (missing !== undefined && !missing.includes('no connection driver available'))
      throw new Error(missing);
    receiver = await Receiver.start();
  });

  afterEach(async () => {
    await agent?.stop();
    agent = undefined;
  });

  afterAll(async () => {
    await receiver?.stop();
    await libvirtd?.stop();
  });

  it('of 200 domains destroyed at once is a few notifications that forget nobody', async (context) => {
    context.skip(missing !== undefined, missing);
    const uri = `test+unix:///default?socket=${libvirtd.socket}`;
    const domains = Array.from({ length: count }, (_, at) => `storm-${at + 1}`);
    const virsh = (commands: readonly string[]) =>
      run('virsh', ['-q', '-c', uri, commands.join('; ')], { timeoutMs: 120_000 });
    const paths = await Promise.all(
      domains.map(async (name) => {
        const path = libvirtd.directory.file('xml', `${name}.xml`);
        await writeFile(
          path,
          `<domain type='test'><name>${name}</name><memory>8192</memory><os><type>hvm</type></os></domain>`,
        );
        return path;
      }),
    );
    // The domains of the test driver live as long as somebody is connected.
    await using _keeper = await startProcess({
      name: 'virsh',
      command: 'virsh',
      args: ['-q', '-c', uri],
      stdin: true,
    });
    await virsh(domains.flatMap((name, at) => [`define ${paths[at]}`, `start ${name}`]));
    const readOnly = `test+unix:///default?socket=${libvirtd.socketReadOnly}`;
    agent = await startAgent({
      uri: readOnly,
      agentxAddress: receiver.snmpd.agentxAddress,
      config: { notifications: { bulk_window: 2 } },
    });
    const rows = () => receiver.snmpd.bulkwalk(oidOf('lveDomState'));
    // The test driver brings a domain of its own.
    await waitUntil(async () => (await rows()).filter(({ value }) => value === '1').length >= count, {
      what: 'all domains to run',
      context: () => agent?.stderr() ?? '',
    });
    const since = receiver.traps().length;

    await virsh(domains.map((name) => `destroy ${name}`));
    // One of an earlier test does not count.
    await waitUntil(
      () =>
        receiver
          .traps()
          .slice(since)
          .some((trap) => trap.name === 'lveNotificationsSuppressed'),
      { what: 'that some were suppressed', timeoutMs: 30_000, context: () => agent?.stderr() ?? '' },
    );
    const storm = receiver.traps().slice(since);
    const named = (name: string) => storm.filter((trap) => trap.name === name);
    // Some by name, then bulk notifications with everybody; the rest suppressed, and said so.
    expect(named('vmShutdown').length).toBeLessThan(20);
    expect(storm.length).toBeLessThan(140);
    const bulks = named('vmBulkShutdown').map(({ values }) => String(values['vmAffectedVMs']));
    const affected = new Set(bulks.flatMap(vmsOf));
    const indexes = (await receiver.snmpd.bulkwalk(oidOf('vmName')))
      .filter(({ value }) => value.startsWith('storm-'))
      .map(({ oid }) => Number(oid.split('.').at(-1)));
    expect(indexes).toHaveLength(count);
    for (const index of indexes) expect(affected).toContain(index);
    expect(named('lveNotificationsSuppressed')).toHaveLength(1);

    // Nothing is forgotten in the log.
    const logged = await receiver.snmpd.bulkwalk(oidOf('lveEventName'));
    expect(logged.filter(({ value }) => value === 'stopped/destroyed')).toHaveLength(count);
    expect((await rows()).filter(({ value }) => value === '5')).toHaveLength(count);

    // The switches of both modules, by SNMP.
    await receiver.snmpd.set(`${oidOf('vmPerVMNotificationsEnabled')}.0`, 'i', '2');
    await receiver.snmpd.set(`${oidOf('lveNotifyEnable')}.0`, 'i', '2');
    expect((await receiver.snmpd.get(`${oidOf('vmPerVMNotificationsEnabled')}.0`))[0]?.value).toBe('2');
    const mark = receiver.traps().length;
    await virsh(domains.slice(0, 3).map((name) => `start ${name}`));
    await waitUntil(() => receiver.traps().length > mark, { what: 'a bulk notification' });
    await delay(500);
    expect(receiver.traps().slice(mark)).toMatchObject([{ name: 'vmBulkRunning' }]);
    expect(vmsOf(String(receiver.traps()[mark]?.values['vmAffectedVMs']))).toHaveLength(3);
  });

  it('that is still being gathered is told before the agent stops', async (context) => {
    context.skip(missing !== undefined, missing);
    const uri = `test+unix:///default?socket=${libvirtd.socket}`;
    agent = await startAgent({
      uri: `test+unix:///default?socket=${libvirtd.socketReadOnly}`,
      agentxAddress: receiver.snmpd.agentxAddress,
      config: { notifications: { enabled: false, per_vm: false, bulk_window: 60 } },
    });
    const state = `${oidOf('lveDomState')}.1`;
    const isState = (wanted: string) =>
      waitUntil(async () => (await receiver.snmpd.get(state))[0]?.value === wanted, {
        what: `state ${wanted}`,
        context: () => agent?.stderr() ?? '',
      });
    await isState('1');
    const since = receiver.traps().length;
    await run('virsh', ['-q', '-c', uri, 'suspend test']);
    await isState('3');
    expect(receiver.traps()).toHaveLength(since);
    await agent.stop();
    await waitUntil(() => receiver.traps().length > since, { what: 'the notification' });
    expect(receiver.traps().slice(since)).toMatchObject([
      { name: 'vmBulkPaused', values: { vmAffectedVMs: '80' } },
    ]);
  });
});

/** The virtual machines that a VirtualMachineList in hexadecimal names (RFC 7666). */
function vmsOf(hex: string): number[] {
  const vms: number[] = [];
  for (const [octetAt, octet] of Buffer.from(hex, 'hex').entries()) {
    for (let bit = 0; bit < 8; bit += 1) if (octet & (0x80 >> bit)) vms.push(octetAt * 8 + bit + 1);
  }
  return vms;
}
