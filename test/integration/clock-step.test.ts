import { renameSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { definitions } from '../../src/mib/definitions.ts';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { parseExposition } from '../support/exposition.ts';
import { oidOf, readServed, type ServedWalk, walkServed } from '../support/served-walk.ts';

const clockStep = '8';
const hourMs = 3_600_000;
/** Longer than this test takes on a busy machine, and shorter than half a step. */
const muchMs = 600_000;

const timeStamps = Object.entries(definitions).filter(
  ([, { type, access }]) => type === 'TimeStamp' && access === 'read-only',
);
const agesInSeconds = ['lveRefreshAge', 'lveCollectorAge', 'lveDomStatsAge', 'lveDomUptime'] as const;

/** DateAndTime (RFC 2579), in milliseconds since 1970. */
function timeOf(octets: Buffer | undefined): number {
  if (octets === undefined) return Number.NaN;
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = octets.subarray(2, 7);
  return Date.UTC(octets.readUInt16BE(0), month - 1, day, hour, minute, second);
}

// The clock is a fake (test/fakes/fake-wall-clock.cjs); libvirtd, its guest and snmpd are real and keep their time.
describe('a clock that is set while the agent runs', () => {
  const name = 'guest';
  let directory: LabDirectory;
  let libvirtd: Libvirtd;
  let snmpd: Snmpd;
  let agent: Agent;
  let offsetMs = 0;
  let url = '';

  function setClock(toOffsetMs: number): void {
    offsetMs = toOffsetMs;
    // Nobody reads half of it.
    writeFileSync(directory.file('offset.new'), String(toOffsetMs));
    renameSync(directory.file('offset.new'), directory.file('offset'));
  }

  const warned = (walk: ServedWalk): boolean =>
    [...walk.column('lveWarningCode').values()].includes(clockStep);

  /** What has to hold whatever the clock says. */
  async function expectDurationsRight(walk: ServedWalk): Promise<void> {
    const [upTime] = await snmpd.get('1.3.6.1.2.1.1.3.0');
    const masterTicks = Number(upTime?.value);
    let seen = 0;
    for (const [object] of timeStamps) {
      for (const [index, value] of [...walk.column(object), ['0', walk.value(object, 0)] as const]) {
        if (value === undefined) continue;
        seen += 1;
        expect(Number(value), `${object}.${index}`).toBeLessThanOrEqual(masterTicks);
      }
    }
    expect(seen).toBeGreaterThan(3);
    for (const object of agesInSeconds) {
      const ages = [...walk.column(object).values()].map(Number);
      expect(ages.length, object).toBeGreaterThan(0);
      expect(Math.max(...ages), object).toBeLessThan(muchMs / 1000);
    }
    const index = walk.indexOf('vmName', name);
    expect(Number(walk.value('vmUpTime', index))).toBeLessThan(muchMs / 10);
    expect(Number(walk.value('lveAgentUpTime', 0))).toBeLessThan(muchMs / 10);
  }

  /** What others compare with their own clocks; the warning may be there before all of it is shown anew. */
  async function expectTimesFollow(): Promise<void> {
    const metrics = [
      'libvirt_refresh_timestamp_seconds',
      'libvirt_domain_start_time_seconds',
      'libvirt_domain_stats_timestamp_seconds',
      'libvirt_agent_start_time_seconds',
    ];
    let off: readonly string[] = [];
    await waitUntil(
      async () => {
        const now = Date.now() + offsetMs;
        const samples = parseExposition(await (await fetch(`${url}metrics`)).text());
        off = metrics.flatMap((metric) => {
          const value = Number(samples.find((one) => one.name === metric)?.value) * 1000;
          return Math.abs(value - now) < muchMs ? [] : [`${metric} ${value - now} ms`];
        });
        return off.length === 0;
      },
      { what: 'times of the new clock', timeoutMs: 30_000, context: () => off.join('\n') },
    );
    const scalars = (await (await fetch(`${url}api/v1/scalars`)).json()) as Record<string, unknown>;
    expect(Number(scalars['lveRefreshAge'])).toBeLessThan(muchMs / 1000);
  }

  beforeAll(async () => {
    directory = await makeLabDirectory();
    [libvirtd, snmpd] = await Promise.all([startLibvirtd(), startSnmpd()]);
    setClock(0);
    agent = await startAgent({
      uri: libvirtd.uriReadOnly,
      agentxAddress: snmpd.agentxAddress,
      config: { http: { address: '127.0.0.1:0' } },
      env: {
        FAKE_WALL_CLOCK: directory.file('offset'),
        NODE_OPTIONS: `--require ${repositoryPath}/test/fakes/fake-wall-clock.cjs`,
      },
    });
    const line = await waitUntil(() => agent.logLines().find(({ msg }) => msg === 'HTTP is served'), {
      what: 'the URL in the log',
      context: () => agent.stderr(),
    });
    url = String(line['url']);
    await libvirtd.run(biosGuest({ name, type: libvirtd.domainType }));
    await waitUntil(
      async () =>
        Number((await snmpd.walk(oidOf('lveDomStatsAge'))).length) > 0 && (await fetch(`${url}readyz`)).ok,
      { what: 'the guest', timeoutMs: 60_000, context: () => agent.stderr() },
    );
  });
  afterAll(async () => {
    await agent?.stop();
    await snmpd?.stop();
    await libvirtd?.stop();
    await directory?.remove();
  });

  it('is right before', async () => {
    const walk = await walkServed(snmpd);
    expect(warned(walk)).toBe(false);
    await expectDurationsRight(walk);
    await expectTimesFollow();
  });

  it.each([
    ['ahead', hourMs],
    ['back, to before the agent started', -2 * hourMs],
  ])('takes no duration with it when it is set %s, and says so', async (_how, toMs) => {
    const stepMs = toMs - offsetMs;
    setClock(toMs);
    const text = `The clock of this host was set by ${(stepMs / 1000).toFixed(1)} s`;
    // Not all of a walk is of one moment.
    const walk = await waitUntil(
      async () => {
        const now = await walkServed(snmpd);
        const isThere = [...now.column('lveWarningText').values()].some((one) => one.startsWith(text));
        return isThere && warned(now) ? now : undefined;
      },
      { what: 'the warning', timeoutMs: 30_000, context: () => agent.stderr() },
    );
    await expectDurationsRight(walk);
    await expectTimesFollow();

    // What happens from now on has the time of the new clock, and a duration of its own.
    const newest = Number(await readServed(snmpd, 'lveEventNewestSeq', 0));
    await libvirtd.virsh('suspend', name);
    await libvirtd.virsh('resume', name);
    const later = await waitUntil(
      async () => {
        const now = await walkServed(snmpd);
        return now.value('lveEventText', newest + 2) === undefined ? undefined : now;
      },
      { what: 'its events', context: () => agent.stderr() },
    );
    const now = Date.now() + offsetMs;
    const index = later.indexOf('lveDomName', name);
    for (const [object, ...at] of [
      ['lveEventTime', newest + 2],
      ['lveDomStateSince', index],
      ['lveDomStartTime', index],
      ['lveConnSince', 0],
      ['lveRefreshLastTime', 0],
      ['lveCollectorLastTime', 1],
    ] as const) {
      expect(Math.abs(timeOf(later.bytes(object, ...at)) - now), object).toBeLessThan(muchMs);
    }
    // Managers ask for what has happened since a time of theirs.
    const found = [...later.column('lveEventFindSummary').keys()].filter((one) => one.startsWith('0.'));
    for (const one of found)
      expect(Math.abs(Number(one.split('.')[1]) * 1000 - now), one).toBeLessThan(muchMs);
    expect(found.at(-1)?.endsWith(`.${newest + 2}`)).toBe(true);
    await expectDurationsRight(later);
  });
});
