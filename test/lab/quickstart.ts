import { parseArgs } from 'node:util';
import { type Agent, startAgent } from './agent.ts';
import { biosGuest } from './domain-xml.ts';
import { findHostLibvirt } from './host-libvirt.ts';
import { makeRawImage } from './image.ts';
import { type Libvirtd, startLibvirtd } from './libvirtd.ts';
import { mibDirectories, mibModules } from './mib-path.ts';
import { readTable } from './snmp-table.ts';
import { type Snmpd, startSnmpd } from './snmpd.ts';
import { waitUntil } from './wait.ts';

/**
 * `npm run quickstart`: shows the virtual machines of this host, or two of its own, through a private snmpd.
 * Nothing is installed, configured or left behind.
 */

const usage = `npm run quickstart -- [--once] [--private]
  --once     print the tables, take everything down and end
  --private  start two guests of our own even if this host runs libvirt`;

const vmNumber = '1.3.6.1.2.1.236.1.2.0';
const lveRefreshCount = '1.3.6.1.4.1.8072.9999.9999.16514.1.1.16.0';

const tables = [
  {
    name: 'VM-MIB::vmTable',
    columns: ['vmName', 'vmOperState', 'vmAutoStart', 'vmCurCpuNumber', 'vmCurMem', 'vmMemUnit', 'vmCpuTime'],
  },
  {
    name: 'LIBVIRT-EXT-MIB::lveDomTable',
    columns: ['lveDomName', 'lveDomStateText', 'lveDomSeverity', 'lveDomUptime', 'lveDomStatsAge'],
  },
] as const;

const startedAtMs = Date.now();
const closers: (() => Promise<unknown>)[] = [];

function say(text: string): void {
  console.log(`[${((Date.now() - startedAtMs) / 1000).toFixed(1).padStart(5)}s] ${text}`);
}

/** The URI to monitor. */
async function findLibvirt(privately: boolean): Promise<string> {
  const host = privately ? undefined : await findHostLibvirt();
  if (host !== undefined) {
    say(`monitoring this host's libvirt: ${host} (--private shows guests of our own instead)`);
    return host;
  }
  say(
    privately ? 'starting a private libvirtd' : 'no libvirt runs on this host: starting a private libvirtd',
  );
  const libvirtd = await startLibvirtd();
  closers.push(() => libvirtd.stop());
  const how = libvirtd.domainType === 'kvm' ? 'with KVM' : 'emulated, because KVM does not work here';
  say(`starting two guests of 16 MiB (${how})`);
  await Promise.all([startGuest(libvirtd, 'web-1', 'Web server'), startGuest(libvirtd, 'db-1', 'Data base')]);
  return libvirtd.uriReadOnly;
}

async function startGuest(libvirtd: Libvirtd, name: string, title: string): Promise<void> {
  const path = await makeRawImage(`${libvirtd.imagesPath}/${name}.raw`, 64);
  await libvirtd.run(
    biosGuest({
      name,
      title,
      type: libvirtd.domainType,
      disks: [{ path }],
      nics: [libvirtd.bridge === undefined ? {} : { bridge: libvirtd.bridge }],
      balloonStatsPeriodSec: 5,
    }),
  );
}

async function untilServed(snmpd: Snmpd, agent: Agent): Promise<number> {
  let over = false;
  void agent.exited.then(() => {
    over = true;
  });
  const count = await waitUntil(
    async () => {
      if (over) return -1;
      const [refreshes, number] = await snmpd.get([lveRefreshCount, vmNumber]);
      // snmpd asks for the two in requests of their own: one may be answered just before the first refresh.
      if (!(Number(refreshes?.value) > 0) || number?.type.startsWith('noSuch') !== false) return undefined;
      return Number(number.value);
    },
    { what: 'the agent to answer', timeoutMs: 60_000, intervalMs: 100, context: () => agent.stderr() },
  );
  if (count < 0) throw new Error(`the agent ended:\n${agent.stderr()}`);
  return count;
}

function explain(snmpd: Snmpd, agent: Agent, url: string): string {
  const options = `-v2c -c ${snmpd.community} -M ${mibDirectories} -m ${mibModules}`;
  return `To explore further, in another terminal:
  export SNMP="${options} ${snmpd.address}"
  snmptable -Ci -Cw 150 $SNMP VM-MIB::vmTable
  snmpwalk $SNMP LIBVIRT-EXT-MIB::libvirtExtMIB
  snmpwalk $SNMP VM-MIB::vmMIB
  curl ${url}metrics
  curl ${url}api/v1/domains
  curl -N -H 'Accept: text/event-stream' ${url}api/v1/events
In a browser:             ${url}
What the agent runs with: ${agent.configPath}
snmpd's configuration:    ${snmpd.configPath}`;
}

/** Where the agent serves HTTP: its log says so. */
async function servedUrl(agent: Agent): Promise<string> {
  const line = await waitUntil(() => agent.logLines().find(({ msg }) => msg === 'HTTP is served'), {
    what: 'HTTP',
    context: () => agent.stderr(),
  });
  return String(line['url']);
}

async function quickstart(once: boolean, privately: boolean): Promise<void> {
  const uri = await findLibvirt(privately);
  say('starting a private snmpd');
  const snmpd = await startSnmpd();
  closers.push(() => snmpd.stop());
  say(`starting the agent (AgentX at ${snmpd.agentxAddress})`);
  const config = { http: { address: '127.0.0.1:0' } };
  const agent = await startAgent({ uri, agentxAddress: snmpd.agentxAddress, config });
  closers.push(() => agent.stop());
  const count = await untilServed(snmpd, agent);
  const url = await servedUrl(agent);
  say(`snmpd at ${snmpd.address} serves ${count} virtual machine${count === 1 ? '' : 's'}`);
  say(`${url} shows them to a browser and to Prometheus\n`);
  for (const { name, columns } of tables) {
    console.log(`snmptable ${name}\n${await readTable(snmpd, name, columns)}\n`);
  }
  if (once) return;
  console.log(explain(snmpd, agent, url));
  console.log('\nCtrl-C ends the agent and takes everything down.');
  await Promise.race([agent.exited, told]);
}

let tell: () => void = () => {};
const told = new Promise<void>((resolve) => {
  tell = resolve;
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      private: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  // Nothing is left running whenever the signal comes: children die with this process, and so do their mounts.
  let signals = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) process.exit(130);
      tell();
    });
  }
  try {
    await Promise.race([quickstart(values.once, values.private), told]);
  } finally {
    if (closers.length > 0) say('taking everything down');
    for (const close of closers.reverse()) await close();
    say('done');
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
