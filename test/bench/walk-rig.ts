import { modules, tables } from '../../src/mib/objects.gen.ts';
import { type RunningProcess, startProcess } from '../lab/process.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { delay, waitUntil } from '../lab/wait.ts';
import { startQuietAgent } from './agent-rig.ts';
import { startFleet } from './fleet.ts';
import type { BenchContext } from './measurement.ts';
import { cpuMs, favour } from './process-cost.ts';
import { buildSnmpRival } from './rivals.ts';
import { bulkwalk, readBindings } from './walk.ts';

/** A subagent under an snmpd of its own, both on the measured CPU. */
export interface WalkRig {
  readonly snmpd: Snmpd;
  /** Process id of the subagent. */
  readonly pid: number;
  /** Walks to a file; resolves with the bindings per second and the subagent's CPU time in microseconds per binding. */
  walk(oids: readonly string[]): Promise<WalkFigures>;
  /** Path that walk number `i` of a round writes to. */
  outputPath(i: number): string;
  readonly cpu: number;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface WalkFigures {
  readonly bindings: readonly string[];
  readonly perSecond: number;
  readonly subagentMicros: number;
}

/** OID of a table of LIBVIRT-EXT-MIB or VM-MIB. */
export function tableOid(name: keyof typeof tables): string {
  const { module, entry } = tables[name];
  return `.${[...modules[module].root, ...entry.slice(0, -1)].join('.')}`;
}

/** Where the C subagent's table is. */
export const rivalOid = '.1.3.6.1.4.1.8072.9999.9999.77.1';

/** Our agent over synthetic domains, refreshed once and then at rest. */
export async function startOurRig(context: BenchContext, domains: number): Promise<WalkRig> {
  const fleet = await startFleet(domains, context.otherCpu);
  const snmpd = await startSnmpd();
  const agent = await startQuietAgent({
    uri: fleet.uri,
    agentxAddress: snmpd.agentxAddress,
    intervalSec: 3600,
  });
  await favour(agent.pid, context.cpu);
  await favour(snmpd.pid(), context.cpu);
  await atRest(agent.pid);
  return rig(context, snmpd, agent.pid, async () => {
    await agent.stop();
    await snmpd.stop();
    await fleet[Symbol.asyncDispose]();
  });
}

/** The C subagent with a table of this size. */
export async function startRivalRig(
  context: BenchContext,
  size: { readonly columns: number; readonly rows: number },
): Promise<WalkRig> {
  const program = await buildSnmpRival('c-subagent');
  const snmpd = await startSnmpd();
  const subagent: RunningProcess = await startProcess({
    name: 'c-subagent',
    command: program,
    args: [snmpd.agentxAddress.replace('unix:', '')],
    env: { BT_MODE: 'raw', BT_COLS: String(size.columns), BT_ROWS: String(size.rows) },
    ready: (output) => output.includes('ready'),
  });
  await favour(subagent.pid, context.cpu);
  await favour(snmpd.pid(), context.cpu);
  await waitUntil(
    async () => (await snmpd.getNext(rivalOid.slice(1))).some(({ oid }) => oid.includes('.77.1.')),
    {
      what: 'the C subagent',
    },
  );
  return rig(context, snmpd, subagent.pid, async () => {
    await subagent.stop();
    await snmpd.stop();
  });
}

function rig(context: BenchContext, snmpd: Snmpd, pid: number, stop: () => Promise<void>): WalkRig {
  const outputPath = (i: number): string => `${snmpd.directoryPath}/walk-${i}`;
  return {
    snmpd,
    pid,
    cpu: context.cpu,
    outputPath,
    async walk(oids) {
      const before = await cpuMs(pid);
      const ms = await bulkwalk({
        address: snmpd.address,
        oids,
        outputPath: outputPath(0),
        cpu: context.cpu,
      });
      const spentMs = (await cpuMs(pid)) - before;
      const bindings = await readBindings(outputPath(0));
      return {
        bindings,
        perSecond: (bindings.length / ms) * 1000,
        subagentMicros: (spentMs * 1000) / bindings.length,
      };
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** CPU time in two seconds of an agent at rest with a loop probe in each of its threads. */
export const probedRestMs = 300;

/** Waits until a process has used hardly any CPU for two seconds; a loop probe in it uses some all the time. */
export async function atRest(pid: number, maxCpuMs = 20): Promise<void> {
  await waitUntil(
    async () => {
      const before = await cpuMs(pid);
      await delay(2000);
      return (await cpuMs(pid)) - before < maxCpuMs;
    },
    { what: 'the agent to be at rest', timeoutMs: 180_000 },
  );
}
