import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FakeLibvirtd } from '../fakes/fake-libvirtd.ts';
import { startAgent } from '../lab/agent.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { delay, waitUntil } from '../lab/wait.ts';
import { Churn } from '../soak/churn.ts';
import { walkServed } from '../support/served-walk.ts';

// The agent is killed again and again while it writes its state. The daemon is a fake that speaks libvirt's protocol,
// because it is to change something all the time.

/** Domains that stay. */
const lasting = 40;
const kills = 200;

let directory: LabDirectory;
let daemon: FakeLibvirtd;
let snmpd: Snmpd;

beforeAll(async () => {
  directory = await makeLabDirectory();
  daemon = await FakeLibvirtd.start({ domains: lasting, vcpus: 1, disks: 1, nics: 1 });
  snmpd = await startSnmpd();
});

afterAll(async () => {
  await snmpd?.stop();
  await daemon?.close();
  await directory?.remove();
});

interface Saved {
  readonly domains: readonly { readonly uuid: string; readonly index: number }[];
}

it(`${kills} times keeps every number, and both files whole`, async () => {
  const state = directory.directory('state');
  const churn = new Churn(daemon, lasting + 1);
  const known = new Map<string, number>();
  let lastSeq = 0;
  for (let nth = 0; nth < kills; nth++) {
    const agent = await startAgent({
      uri: daemon.uri,
      agentxAddress: snmpd.agentxAddress,
      stateDirectory: state,
    });
    const changing = setInterval(() => churn.step(), 5);
    await waitUntil(
      () => {
        try {
          return readFileSync(`${state}/lock`, 'utf8').includes(`"pid":${agent.pid},`);
        } catch {
          return false;
        }
      },
      { what: 'the lock', timeoutMs: 60_000, intervalMs: 5, context: () => agent.stderr() },
    );
    // Another moment of the writing each time.
    await delay(100 + ((nth * 37) % 900));
    clearInterval(changing);
    await agent.kill();
    const complaints = agent
      .logLines()
      .filter(({ level }) => level === 'error' || level === 'warn')
      // The fake does not have all procedures, and more happens than is told in a minute.
      .filter(
        ({ error, component }) => !String(error).startsWith('unknown procedure') && component !== 'notify',
      );
    expect(complaints).toEqual([]);

    const saved = read(`${state}/indexes.json`);
    if (saved === undefined) continue;
    const { domains } = JSON.parse(saved) as Saved;
    const numbers = domains.map(({ index }) => index);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const { uuid, index } of domains) {
      if (!isLasting(uuid)) continue;
      expect(known.get(uuid) ?? index, uuid).toBe(index);
      known.set(uuid, index);
    }
    const newest = newestSeq(read(`${state}/events.jsonl`) ?? '');
    expect(newest).toBeGreaterThanOrEqual(lastSeq);
    lastSeq = newest;
  }
  expect(known.size).toBe(lasting);
  expect(lastSeq).toBeGreaterThan(kills);

  // What is served at last has these numbers.
  await using agent = await startAgent({
    uri: daemon.uri,
    agentxAddress: snmpd.agentxAddress,
    stateDirectory: state,
  });
  const walk = await waitUntil(
    async () => {
      const found = await walkServed(snmpd);
      return found.column('lveDomName').size >= lasting ? found : undefined;
    },
    { what: 'all domains', timeoutMs: 60_000, context: () => agent.stderr() },
  );
  for (const { uuid, name } of daemon.domains.values()) {
    if (isLasting(uuid)) expect(walk.indexOf('lveDomName', name)).toBe(known.get(uuid));
  }
}, 3_600_000);

/** Whether it is one of the domains that stay; UUIDs of the fake end in the number. */
function isLasting(uuid: string): boolean {
  return Number.parseInt(uuid.slice(-12), 16) <= lasting;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The greatest number in the file; its last line may be torn. */
function newestSeq(text: string): number {
  let newest = 0;
  for (const line of text.split('\n').slice(0, -1)) {
    const one = JSON.parse(line) as { readonly seq?: number; readonly lastSeq?: number };
    newest = Math.max(newest, one.seq ?? one.lastSeq ?? 0);
  }
  return newest;
}
