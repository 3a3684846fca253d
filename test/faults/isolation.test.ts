import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeFault, FakeLibvirtd } from '../fakes/fake-libvirtd.ts';
import { countOf, frameOf, largeDefinition, longNames, oneOfManyNames, strangers } from '../fakes/lies.ts';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type SlowSocket, startSlowSocket } from '../lab/slow-socket.ts';
import { randomEngineId, type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { type Snmptrapd, startSnmptrapd } from '../lab/snmptrapd.ts';
import { waitUntil } from '../lab/wait.ts';
import { contextUserConfig, inContext, contextUser as user } from '../support/context-user.ts';
import { oidOf } from '../support/served-walk.ts';

// A real libvirtd with a guest, reached at once and over a slow line, and beside it a fake one that does what none does
// in earnest. Whatever that is, it must cost the real one nothing.

/** Of the liar. */
const domains = 40;
/** What all lies together may take at most, the frames under way included. */
const shareMib = 400;

let real: Libvirtd;
let slow: SlowSocket;
let directory: LabDirectory;
let liar: FakeLibvirtd;
let snmpd: Snmpd;
let trapd: Snmptrapd;
let agent: Agent;
let calmMib = 0;

beforeAll(async () => {
  const engineId = randomEngineId();
  directory = await makeLabDirectory();
  [real, liar, trapd] = await Promise.all([
    startLibvirtd(),
    FakeLibvirtd.start({ domains, socketPath: directory.file('liar') }),
    startSnmptrapd({ users: [user], senderEngineIds: [engineId] }),
  ]);
  slow = await startSlowSocket(real.socketReadOnly, 100);
  snmpd = await startSnmpd({
    engineId,
    extraConfig: contextUserConfig,
    trapSinks: [{ kind: 'v3', address: trapd.address, user }],
  });
  await real.run(biosGuest({ name: 'guest', type: real.domainType }));
  agent = await startAgent({
    agentxAddress: snmpd.agentxAddress,
    config: {
      hypervisors: [
        { name: 'real', uri: `qemu+unix:///system?socket=${real.socketReadOnly}` },
        { name: 'slow', uri: `qemu+unix:///system?socket=${slow.path}` },
        {
          name: 'liar',
          uri: liar.uri,
          libvirt: { call_timeout: 5, max_event_rate: 100 },
          // What is read once a minute is to be read anew soon.
          intervals: { inventory: 5 },
          collect: { max_domains: 100, max_memory: 16, retention: 0 },
        },
      ],
      notifications: { per_vm: false, bulk: false, max_per_minute: 1000, holdoff: 0 },
    },
  });
  await seen('liar', domains);
  await seen('slow', 1);
  await seen('real', 1);
  calmMib = await peakMib();
}, 120_000);

afterAll(async () => {
  await agent?.stop();
  await Promise.all([snmpd?.stop(), trapd?.stop(), slow?.[Symbol.asyncDispose](), liar?.close()]);
  await real?.stop();
  await directory?.remove();
});

async function peakMib(): Promise<number> {
  const status = await readFile(`/proc/${agent.pid}/status`, 'utf8');
  return Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

async function valueIn(context: string, name: string): Promise<string | undefined> {
  const [varBind] = await snmpd.get(oidOf(name, 0), inContext(context));
  return varBind === undefined || varBind.type.startsWith('noSuch') ? undefined : varBind.value;
}

const column = async (context: string, name: string): Promise<readonly string[]> =>
  (await snmpd.bulkwalk(oidOf(name), inContext(context))).map(({ value }) => value);

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  await waitUntil(isSo, { what, timeoutMs: 90_000, context: () => agent.stderr().slice(-4000) });
}

/** Waits until a hypervisor is connected and so many of its domains run. */
async function seen(name: string, active: number): Promise<void> {
  await until(
    `${active} domains of ${name}`,
    async () =>
      (await valueIn(name, 'lveConnState')) === '2' &&
      (await valueIn(name, 'lveDomainsActive')) === String(active) &&
      Number(await valueIn(name, 'lveRefreshAge')) < 30,
  );
}

/** Whether a trap of this hypervisor says that the guest has this state. */
const stateTrap = (name: string, since: number, state: string) =>
  trapd.waitFor(
    ({ trapOid, varBinds, receivedAtMs }) =>
      receivedAtMs >= since &&
      trapOid === '1.3.6.1.4.1.8072.9999.9999.16514.0.1' &&
      varBinds.some(({ oid, value }) => oid === oidOf('lveNotifyHypervisor', 0) && value === name) &&
      varBinds.some(({ value }) => value.startsWith(state)),
    60_000,
  );

/** The real one goes on: it is refreshed, answered, and what happens there is notified. */
async function expectUndisturbed(): Promise<void> {
  const before = Number(await valueIn('real', 'lveRefreshCount'));
  const since = Date.now();
  await real.virsh('suspend', 'guest');
  await stateTrap('real', since, 'paused');
  await real.virsh('resume', 'guest');
  await stateTrap('real', since, 'running');
  await until(
    'two more refreshes of the real one',
    async () => Number(await valueIn('real', 'lveRefreshCount')) >= before + 2,
  );
  expect(await column('real', 'lveDomName')).toEqual(['guest']);
  await until(
    'the guest as it is',
    async () => (await column('real', 'lveDomStateText')).join() === 'running (unpaused)',
  );
  expect(await valueIn('real', 'lveConnState')).toBe('2');
}

/** What the liar says in lveWarningTable. */
const warned = async (pattern: RegExp): Promise<boolean> =>
  (await column('liar', 'lveWarningText')).some((text) => pattern.test(text));

/** Errors that were met, by the collectors' places and then the connection's: how many, and the text of the last one. */
async function errorsMet(): Promise<readonly { readonly count: number; readonly text: string }[]> {
  const columns: (readonly string[])[] = [];
  // The counts first: a text is as new as its count then, or newer.
  for (const name of ['lveCollectorErrors', 'lveCollectorTimeouts', 'lveCollectorLastError']) {
    columns.push(await column('liar', name));
  }
  const reconnects = Number(await valueIn('liar', 'lveConnReconnects'));
  const [errors = [], timeouts = [], texts = []] = columns;
  return [
    ...texts.map((text, at) => ({ text, count: Number(errors[at]) + Number(timeouts[at]) })),
    { text: (await valueIn('liar', 'lveConnLastError')) ?? '', count: reconnects },
  ];
}

/** What {@link errorsMet} had before the lie: a text stays when its error is over, and lies have texts in common. */
let metBefore: Awaited<ReturnType<typeof errorsMet>> = [];

const lastError = async (pattern: RegExp): Promise<boolean> =>
  (await errorsMet()).some(
    ({ text, count }, at) => pattern.test(text) && count > (metBefore[at]?.count ?? Number.POSITIVE_INFINITY),
  );

/** connectListAllDomains, domainGetXMLDesc, connectGetAllDomainStats. */
const [list, definition, stats] = [273, 14, 344];
const firstUuid = (): string => liar.domain(1).uuid;
const payload = (procedure: number, bytes: Uint8Array): FakeFault => ({
  procedure,
  action: { type: 'payload', bytes },
});
const octets = (bytes: Uint8Array): FakeFault => ({ procedure: list, action: { type: 'raw', bytes } });

interface Lie {
  readonly what: string;
  readonly fault: () => FakeFault;
  /** How it shows that the lie was told, to whom it belongs. */
  readonly shows: () => Promise<boolean>;
  /** Whether the connection is in the middle of a frame after it. */
  readonly leavesFrame?: true;
}

const lies: readonly Lie[] = [
  {
    what: 'says nothing',
    fault: () => ({ action: { type: 'hang' } }),
    shows: () => lastError(/no reply|no sign of life|not answered/),
  },
  {
    what: 'gives wrong lengths',
    fault: () => octets(frameOf(0xffff_ffff)),
    shows: () => lastError(/frame length 4294967295/),
  },
  {
    what: 'begins a frame of the largest size and does not end it',
    fault: () => octets(frameOf(32 * 1024 * 1024)),
    shows: () => lastError(/no reply to connectListAllDomains/),
    leavesFrame: true,
  },
  {
    what: 'has a million domains',
    fault: () => payload(list, strangers(1_000_000)),
    shows: () => lastError(/1000000 domains|is not taken|no reply to connectListAllDomains/),
  },
  {
    what: 'counts more than it sends',
    fault: () => payload(list, countOf(16_384)),
    shows: () => lastError(/16384 domains .* do not fit/),
  },
  {
    what: 'has names of 4 MiB',
    fault: () => payload(list, longNames(7, 4 * 1024 * 1024)),
    // All of them are more than its share of the memory.
    shows: () => lastError(/is not taken|no reply to connectListAllDomains/),
  },
  {
    what: 'has other domains each time it is asked',
    fault: () => ({ procedure: list, action: { type: 'payloads', next: () => strangers(16_384) } }),
    shows: () => warned(/16284 domains are not monitored.*collect\.max_domains/),
  },
  {
    what: 'contradicts itself',
    fault: () => payload(list, oneOfManyNames(firstUuid(), 10_000)),
    shows: async () => (await column('liar', 'lveDomName')).some((name) => name.startsWith('name-')),
  },
  {
    what: 'has definitions of 3 MiB',
    fault: () => payload(definition, largeDefinition(3 * 1024 * 1024)),
    shows: () => warned(/answers of libvirt were not taken.*collect\.max_memory/),
  },
  {
    what: 'answers something else than it was asked',
    fault: () => payload(stats, countOf(0x7fff_ffff)),
    shows: () => lastError(/2147483647 records/),
  },
];

describe('a hypervisor', () => {
  it.each(lies)('that $what costs the others nothing', async ({ fault, shows, leavesFrame }) => {
    metBefore = await errorsMet();
    const lift = liar.inject(fault());
    try {
      await until('the lie', shows);
      await expectUndisturbed();
    } finally {
      lift();
      if (leavesFrame === true) liar.disconnectAll();
    }
    await seen('liar', domains);
  });

  it('that floods events has those dropped that are too many, and is told to', async () => {
    const stop = liar.floodEvents();
    try {
      await until('dropped events', () => warned(/events of libvirt were dropped.*libvirt\.max_event_rate/));
      await expectUndisturbed();
    } finally {
      stop();
    }
    expect(await column('liar', 'lveEventName')).toContain('eventsLost');
    expect(Number((await column('', 'lveHypervisorConditions'))[0])).toBeGreaterThan(0);
    // None of the domains of which nothing but events were seen is there.
    await until('its own domains', async () => (await column('liar', 'lveDomName')).every(isItsOwn));
    await seen('liar', domains);
  });

  it('that is down is told to, and comes back', async () => {
    const { socketPath } = liar;
    await liar.close();
    await until('the state', async () => (await valueIn('liar', 'lveConnState')) === '3');
    await expectUndisturbed();
    liar = await FakeLibvirtd.start({ domains, socketPath });
    await seen('liar', domains);
  });

  it('that is far away has later figures, and no others have', async () => {
    slow.delayMs = 300;
    const before = Number(await valueIn('slow', 'lveRefreshCount'));
    await expectUndisturbed();
    await until(
      'two refreshes over the slow line',
      async () => Number(await valueIn('slow', 'lveRefreshCount')) >= before + 2,
    );
    // Each of its calls takes 0.6 s, so that is what a refresh takes at least.
    expect(Number(await valueIn('slow', 'lveRefreshDuration'))).toBeGreaterThan(600);
    expect(Number(await valueIn('real', 'lveRefreshDuration'))).toBeLessThan(
      Number(await valueIn('slow', 'lveRefreshDuration')),
    );
  });

  it('has had its share of the memory and no more', async () => {
    expect((await peakMib()) - calmMib).toBeLessThan(shareMib);
    // It is the process of before, and one session with each of the peers that told no lies.
    expect(
      agent.logLines().filter(({ msg }) => msg === 'session with the AgentX master opened'),
    ).toHaveLength(1);
    expect(await valueIn('real', 'lveConnReconnects')).toBe('0');
  });
});

/** Names that the fake gives its domains: those that were made up for a lie are gone. */
function isItsOwn(name: string): boolean {
  return /^vm-\d+$/.test(name);
}
