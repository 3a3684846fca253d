import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { parse, stringify } from 'smol-toml';
import { FakeLibvirtd } from '../fakes/fake-libvirtd.ts';
import { type Agent, startAgent } from '../lab/agent.ts';
import { freeTcpPort } from '../lab/free-port.ts';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { startSnmpd } from '../lab/snmpd.ts';
import { startSnmptrapd } from '../lab/snmptrapd.ts';
import { delay } from '../lab/wait.ts';
import { walkServed } from '../support/served-walk.ts';
import { Churn } from './churn.ts';
import { bounds, type Figures, figuresOf } from './figures.ts';
import { startReceivers } from './receivers.ts';
import { grown } from './verdict.ts';
import { WebClients } from './web-clients.ts';

/*
 * npm run soak -- [--minutes 10] [--speed 8]: the built program, with all its faces, in fast motion: a real snmpd that is
 * restarted again and again, a synthetic daemon (test/fakes) whose domains come and go and whose connections break,
 * managers, scrapers, reloads. Prints what the process holds; exit code 1 if any of it grows.
 */

/** What an hour has; a run of another length has its share. */
const inAnHour = {
  refreshes: 20_000,
  domains: 20_000,
  libvirtReconnects: 500,
  masterReconnects: 500,
  reloads: 60,
  faults: 600,
};

/** Of them, so many must have been: some fall to the end of the run. */
const enough = 0.98;

/** Time without refreshes, as a share: there are none while the connection to libvirt is down. */
const outage = 0.15;

/** domainGetXMLDesc */
const xmlProcedure = 14;

/** Domains that stay. */
const lasting = 30;
const samples = 16;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    speed: { type: 'string', default: '8' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  process.stdout.write(
    'npm run soak -- [--minutes N] [--speed N]\n\n' +
      '  --minutes  how long (default 10; a release wants 60)\n' +
      '  --speed    how many times as fast the clocks of the agent go (default 8; less where other programs keep the\n' +
      '             machine busy: deadlines of the agent are as much shorter)\n',
  );
} else {
  process.exitCode = (await soak(Number(values.minutes) * 60_000, Number(values.speed))) ? 0 : 1;
}

/** Repeats something so many times, evenly over the time that is left, until it is over. */
async function spread(
  times: number,
  untilMs: number,
  act: (nth: number) => Promise<void> | void,
): Promise<void> {
  const startMs = performance.now();
  for (let nth = 0; nth < times; nth++) {
    const dueMs = startMs + ((untilMs - startMs) * (nth + 0.5)) / times;
    await delay(Math.max(0, Math.min(dueMs, untilMs) - performance.now()));
    if (performance.now() >= untilMs) return;
    await act(nth);
  }
}

/** `collect.interval` that has the refreshes of an hour, in seconds of the agent; it has no shorter one than a second. */
function refreshInterval(speed: number): number {
  return Math.max(1, Math.floor((3600 * speed * (1 - outage)) / inAnHour.refreshes));
}

async function soak(forMs: number, speed: number): Promise<boolean> {
  const share = forMs / 3_600_000;
  const times = (count: number): number => Math.max(1, Math.round(count * share));
  const directory = await makeLabDirectory();
  const heapFile = directory.file('heap.jsonl');
  const daemon = await FakeLibvirtd.start({ domains: lasting, vcpus: 4, disks: 2, nics: 2 });
  const receivers = await startReceivers();
  const traps = await startSnmptrapd();
  const snmpd = await startSnmpd({ trapSinks: [{ kind: 'v2c', address: traps.address }] });
  const httpPort = await freeTcpPort();
  const web = new WebClients(httpPort);
  const churn = new Churn(daemon, lasting + 1);
  const zero = `${process.hrtime.bigint()},${Date.now()}`;
  let agent: Agent | undefined;
  try {
    agent = await startAgent({
      uri: daemon.uri,
      agentxAddress: snmpd.agentxAddress,
      config: {
        collect: { interval: refreshInterval(speed) },
        http: { address: `127.0.0.1:${httpPort}` },
        statsd: { host: '127.0.0.1', port: receivers.statsdPort },
        influxdb: { url: receivers.influxUrl, profile: 'native' },
      },
      env: {
        NODE_OPTIONS: `--import ${repositoryPath}/test/soak/fast-motion.mjs`,
        FAST_MOTION: String(speed),
        FAST_MOTION_ZERO: zero,
        FAST_MOTION_FILE: heapFile,
      },
    });
    // Nothing is asked of it before it is there.
    await web.served();
    const { pid, stateDirectory } = agent;
    const running = agent;
    const settings = await readFile(running.configPath, 'utf8');
    const counts = {
      refreshes: 0,
      domains: 0,
      libvirtReconnects: 0,
      masterReconnects: 0,
      reloads: 0,
      faults: 0,
      walked: 0,
      walks: 0,
    };
    const taken: Figures[] = [];
    const startMs = performance.now();
    const untilMs = startMs + forMs;
    let ended = false;
    void running.exited.then(() => {
      ended = true;
    });

    // A reload starts what collects anew, and its count with it.
    let refreshesBefore = 0;
    const refreshed = async (): Promise<void> => {
      const sinceReload = await web.refreshes();
      if (sinceReload !== undefined) counts.refreshes = refreshesBefore + sinceReload;
    };
    process.stdout.write(`${heading()}\n`);
    const sample = async (): Promise<void> => {
      if (ended) throw new Error(`the agent has ended:\n${running.stderr().slice(-4000)}`);
      const figures = await figuresOf(pid, stateDirectory, heapFile);
      taken.push(figures);
      await refreshed();
      const done = [
        ((performance.now() - startMs) / 60_000).toFixed(1),
        counts.refreshes,
        churn.gone,
        counts.libvirtReconnects,
        counts.masterReconnects,
        counts.reloads,
        counts.faults,
        counts.walks,
      ];
      process.stdout.write(`${line([...done, ...bounds.map(({ name }) => figures[name].toFixed(1))])}\n`);
    };
    await Promise.all([
      spread(times(inAnHour.domains), untilMs, () => {
        churn.step();
        counts.domains = churn.come;
      }),
      spread(times(inAnHour.libvirtReconnects), untilMs, () => {
        counts.libvirtReconnects += 1;
        daemon.disconnectAll();
      }),
      spread(times(inAnHour.masterReconnects), untilMs, async () => {
        await snmpd.restart();
        counts.masterReconnects += 1;
      }),
      spread(times(inAnHour.reloads), untilMs, async (nth) => {
        await refreshed();
        refreshesBefore = counts.refreshes;
        counts.reloads += 1;
        await writeFile(running.configPath, nth % 2 === 0 ? otherwise(settings) : settings);
        running.signal('SIGHUP');
      }),
      // Complaints in words that were never there before.
      spread(times(inAnHour.faults), untilMs, (nth) => {
        counts.faults += 1;
        const lift = daemon.inject({
          procedure: xmlProcedure,
          action: { type: 'error', code: 38, message: `cannot do this for the ${nth}th time` },
        });
        setTimeout(lift, 1000);
      }),
      spread(times(7200), untilMs, () => web.ask()),
      spread(times(360), untilMs, () => web.listen(5000)),
      spread(times(360), untilMs, async () => {
        // snmpd may be away at this moment.
        const walk = await walkServed(snmpd).catch(() => undefined);
        counts.walks += 1;
        counts.walked += walk?.varBinds.length ?? 0;
      }),
      spread(samples, untilMs, sample),
    ]);
    await sample();
    const found = grown(taken);
    const short = fellShort(counts, share);
    const answers = [...web.answers].map(([status, count]) => `${count} with ${status}`).join(', ');
    process.stdout.write(
      `\nThe clocks of the agent went ${speed} times as fast: ${((forMs * speed) / 3_600_000).toFixed(1)} hours.\n` +
        `${churn.come} domains came. ${counts.walked} values in ${counts.walks} walks, ` +
        `${traps.received().length} notifications.\n` +
        `HTTP: ${answers}; ${web.failures.length} not answered. StatsD: ${receivers.datagrams} datagrams. ` +
        `InfluxDB: ${receivers.writes} writes.\n`,
    );
    process.stdout.write(found.length === 0 ? 'flat\n' : `GROWN\n${found.join('\n')}\n`);
    if (short.length > 0) process.stdout.write(`TOO FEW\n${short.join('\n')}\n`);
    if (web.failures.length > 0) process.stdout.write(`NOT ANSWERED\n${web.failures.join('\n')}\n`);
    const { code } = await running.stop();
    // Its deadline for that is shorter as well, and a busy machine may not let it meet it.
    if (code !== 0) process.stdout.write(`the agent did not stop in order: it ended with ${code}\n`);
    return found.length === 0 && short.length === 0 && web.failures.length === 0;
  } finally {
    await agent?.stop();
    await Promise.all([snmpd.stop(), traps.stop(), daemon.close(), receivers.close()]);
    await directory.remove();
  }
}

/** Settings that differ in each of the faces beside SNMP, so that a reload has something to do there. */
function otherwise(settings: string): string {
  const changed = { http: { history: 30 }, statsd: { interval: 10 }, influxdb: { interval: 15 } };
  const sections: Record<string, unknown> = parse(settings);
  for (const [name, values] of Object.entries(changed))
    sections[name] = { ...(sections[name] as Record<string, unknown>), ...values };
  return stringify({ ...sections, metrics: { exclude: ['libvirt_host_memory_*'] } });
}

/** What there was less of than the share of an hour has, in words: the machine was too busy, or the agent too slow. */
function fellShort(
  counts: Readonly<Record<keyof typeof inAnHour, number>>,
  share: number,
): readonly string[] {
  return Object.entries(inAnHour).flatMap(([name, inHour]) => {
    const due = Math.floor(inHour * share * enough);
    const count = counts[name as keyof typeof inAnHour];
    return count >= due ? [] : [`${name}: ${count}, at least ${due}`];
  });
}

function heading(): string {
  const counted = ['min', 'refreshes', 'gone', 'libvirt', 'snmpd', 'reloads', 'faults', 'walks'];
  return line([...counted, ...bounds.map(({ title }) => title)]);
}

function line(cells: readonly (string | number)[]): string {
  return cells.map((cell) => String(cell).padStart(11)).join(' ');
}
