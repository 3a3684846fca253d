import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConnectionLostError } from '../../errors.ts';
import { domainStatsAs, monitorFreeStatsAs } from '../../libvirt/all-domain-stats.ts';
import { CallTimeoutError } from '../../libvirt/connection.ts';
import { isNoDomain, isNotSupported } from '../../libvirt/libvirt-error.ts';
import { type DomainStatsRecord, domainGetInfo, domainGetState } from '../../libvirt/procedures.ts';
import { statsFlags, statsGroups } from '../../libvirt-enums/flags.ts';
import { systemClock } from '../../run/clock.ts';
import { inParallel } from '../../run/pool.ts';
import { NotCalledError } from '../access/call-gate.ts';
import { discontinuities, netDiscontinuities, perfFell } from '../decode/discontinuities.ts';
import { idleGroups } from '../decode/idle-groups.ts';
import type { MonitorSample } from '../decode/monitor-sample.ts';
import { noteRates } from '../decode/rates.ts';
import { StatsDecoder } from '../decode/stats-decoder.ts';
import { basicGroups, groupsFor, monitorFreeGroups } from '../decode/stats-groups.ts';
import { emptySample, type StatsSample } from '../decode/stats-sample.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { isResponsive, probeControl } from './control-probe.ts';
import { makeBatches, type StatsBatch } from './stats-batches.ts';

export interface DomainStatsOptions {
  /** Bit set of virDomainStatsTypes in use. */
  readonly groups: number;
  /** Those of them that are answered without asking the hypervisor process. */
  readonly monitorFreeGroups: number;
  /** Seconds after which a domain is asked again for groups that it had nothing in. */
  readonly idleGroupsIntervalSec: number;
  /** Extra flags of the call, such as BACKING. */
  readonly flags: number;
  readonly batchSize: number;
  readonly callsInFlight: number;
  readonly controlGraceMs: number;
  readonly decoder: StatsDecoder;
}

export const domainStats: CollectorKind = {
  name: 'domain-stats',
  id: 'domainStats',
  also: [
    { id: 'perf', selectors: ['perf'] },
    { id: 'raw', selectors: ['stat', 'raw'] },
  ],
  selectors: [],
  stage: 'refresh',
  interval: ({ collect }) => collect.interval,
  make: ({ config: { collect, intervals, libvirt }, has }) => {
    const groups = groupsFor(collect.extraStats, collect.statExclude);
    return new DomainStats({
      groups,
      monitorFreeGroups: groups & monitorFreeGroups,
      idleGroupsIntervalSec: intervals.inventory,
      flags: has('block_layers') ? statsFlags.backing : 0,
      batchSize: libvirt.batchSize,
      callsInFlight: libvirt.callsInFlight,
      controlGraceMs: libvirt.controlGrace * 1000,
      decoder: new StatsDecoder({
        unknown: has('stat'),
        layers: has('block_layers'),
        all: has('raw'),
        exclude: collect.statExclude,
      }),
    });
  },
};

/**
 * The statistics of all domains (virConnectGetAllDomainStats), in small explicit batches: a reply has a size
 * limit, one hung hypervisor process must not hide the others, and decoding never holds the event loop long.
 */
export class DomainStats implements Collector {
  readonly #options: DomainStatsOptions;

  constructor(options: DomainStatsOptions) {
    this.#options = options;
  }

  async collect(pass: CollectorPass): Promise<void> {
    const { controlGraceMs } = this.#options;
    const { only } = pass;
    const { present } = pass.domains;
    const wanted = only === undefined ? present : present.filter(({ uuid }) => only.has(uuid));
    await probeControl(
      pass,
      wanted.filter((record) => record.active),
    );
    const asked: DomainRecord[] = [];
    const spared: DomainRecord[] = [];
    for (const record of wanted) {
      const safe =
        !record.active || (isResponsive(record, controlGraceMs) && !pass.libvirt.gate.isHeld(record.uuid));
      (safe ? asked : spared).push(record);
    }
    const queue: StatsBatch[] = [
      ...makeBatches(asked, { ...this.#options, monitor: true }),
      ...makeBatches(spared, { ...this.#options, monitor: false }),
    ];
    await inParallel(queue, this.#options.callsInFlight, async (batch) => {
      queue.push(...(await this.#collectBatch(pass, batch)));
      // While replies keep coming, the runtime reads on and on from this socket: let the others have a turn.
      await nextTurn();
    });
  }

  /** One call. Returns the batches that must be asked for in another way. */
  async #collectBatch(pass: CollectorPass, batch: StatsBatch): Promise<readonly StatsBatch[]> {
    try {
      const reply = await this.#ask(pass, batch);
      await this.#addBasics(pass, batch, reply);
      const missed = this.#apply(pass, batch, reply);
      return missed.length > 0 && !batch.retry ? [{ ...batch, records: missed, retry: true }] : [];
    } catch (error) {
      if (error instanceof ConnectionLostError || pass.signal.aborted) throw error;
      if (error instanceof NotCalledError) return await this.#notCalled(pass, batch, error.why);
      if (isNotSupported(error)) return await this.#withoutStats(pass, batch);
      pass.failed(error, batch.records.length === 1 ? batch.records[0]?.name : undefined);
      return this.#afterFailure(pass, batch, error);
    }
  }

  #ask(pass: CollectorPass, { records, monitor, groups }: StatsBatch) {
    const { flags, decoder, monitorFreeGroups } = this.#options;
    const domains = records.map((record) => record.ref);
    const decode = decoder.reply(records.length);
    return monitor
      ? pass.libvirt.call(domainStatsAs(decode), { domains, stats: groups, flags: statsFlags.noWait | flags })
      : pass.libvirt.call(monitorFreeStatsAs(decode), {
          domains,
          stats: monitorFreeGroups,
          flags: statsFlags.noWait,
        });
  }

  /**
   * Domains that are held are asked for what needs no monitor, the others of the batch again. While too many
   * calls are unanswered, only calls that wait for nothing are made: they tell at least the states.
   */
  async #notCalled(
    pass: CollectorPass,
    batch: StatsBatch,
    why: NotCalledError['why'],
  ): Promise<readonly StatsBatch[]> {
    const { gate } = pass.libvirt;
    if (why === 'held') {
      const held = batch.records.filter((record) => gate.isHeld(record.uuid));
      if (held.length === 0) return batch.monitor ? [{ ...batch, monitor: false }] : [];
      const others = batch.records.filter((record) => !held.includes(record));
      return [
        { ...batch, records: held, monitor: false },
        ...(others.length > 0 ? [{ ...batch, records: others }] : []),
      ];
    }
    for (const record of batch.records) {
      try {
        const state = await pass.libvirt.call(domainGetState, { domain: record.ref, flags: 0 });
        pass.domains.applyState(record, state.state, state.reason, systemClock.now());
        const culprit = gate.isHeld(record.uuid) || !isResponsive(record, this.#options.controlGraceMs);
        this.#setStatus(record, record.active ? (culprit ? 'blocked' : 'stale') : 'inactive');
      } catch (error) {
        pass.failed(error, record.name);
        this.#setStatus(record, 'stale');
      }
      pass.buildRow(record);
    }
    return [];
  }

  /** A driver may have no statistics at all (LXC): what every driver tells is asked for domain by domain. */
  async #withoutStats(pass: CollectorPass, batch: StatsBatch): Promise<readonly StatsBatch[]> {
    pass.limited('partial', 'not supported by this hypervisor: only states, CPUs, CPU time and memory');
    const reply: DomainStatsRecord<StatsSample>[] = [];
    for (const record of batch.records) {
      try {
        const { state, reason } = await pass.libvirt.call(domainGetState, { domain: record.ref, flags: 0 });
        pass.domains.applyState(record, state, reason, systemClock.now());
        reply.push({ domain: record.ref, params: emptySample() });
      } catch (error) {
        if (error instanceof ConnectionLostError) throw error;
        pass.failed(error, record.name);
      }
    }
    await this.#addBasics(pass, batch, reply);
    this.#apply(pass, batch, reply);
    return [];
  }

  /**
   * Some drivers leave out of their statistics what every driver knows of a domain (test:///default); libvirt 7.0 leaves
   * out the CPU time of a domain without cgroup.
   */
  async #addBasics(
    pass: CollectorPass,
    { records, monitor, groups }: StatsBatch,
    reply: readonly DomainStatsRecord<StatsSample>[],
  ): Promise<void> {
    if (!monitor || (groups & basicGroups) === 0) return;
    for (const { domain, params } of reply) {
      const asksCpuTime = (groups & statsGroups.cpuTotal) !== 0 && params.lacksCpuTime;
      if (!params.lacksBasics && !asksCpuTime) continue;
      const record = records.find(({ uuid }) => uuid === domain.uuid);
      if (record === undefined) continue;
      // A domain that is off has no time; a hypervisor process that is busy leaves out the rest, and told it before.
      const lacking = params.lacksBasics ? record.runtime.sample?.monitor.complete !== true : record.active;
      if (!lacking) continue;
      try {
        params.noteInfo(await pass.libvirt.call(domainGetInfo, { domain: record.ref }));
      } catch (error) {
        if (error instanceof ConnectionLostError) throw error;
        if (!(error instanceof NotCalledError)) pass.failed(error, record.name);
      }
    }
  }

  /** After a timeout the domains that are well are asked again; after an error, one by one. */
  #afterFailure(pass: CollectorPass, batch: StatsBatch, error: unknown): readonly StatsBatch[] {
    const { gate } = pass.libvirt;
    const held = batch.records.filter((record) => gate.isHeld(record.uuid));
    const well = batch.records.filter((record) => !gate.isHeld(record.uuid));
    if (batch.retry) {
      for (const record of batch.records) {
        const without = gate.isHeld(record.uuid) ? 'blocked' : 'stale';
        if (!isNoDomain(error)) this.#setStatus(record, record.active ? without : 'inactive');
        pass.buildRow(record);
      }
      return [];
    }
    const again: StatsBatch[] = [];
    if (held.length > 0) again.push({ ...batch, records: held, monitor: false, retry: true });
    if (error instanceof CallTimeoutError) {
      if (well.length > 0) again.push({ ...batch, records: well, retry: true });
    } else {
      for (const record of well) again.push({ ...batch, records: [record], retry: true });
    }
    return again;
  }

  /**
   * Takes what was replied. Returns the domains whose monitor somebody else had at that moment: often another client
   * of libvirt that asks for statistics, and is done long before the end of the refresh.
   */
  #apply(
    pass: CollectorPass,
    batch: StatsBatch,
    reply: readonly DomainStatsRecord<StatsSample>[],
  ): readonly DomainRecord[] {
    const missed: DomainRecord[] = [];
    const byUuid = new Map<string, StatsSample>();
    for (const { domain, params } of reply) byUuid.set(domain.uuid, params);
    for (const record of batch.records) {
      const sample = byUuid.get(record.uuid);
      // libvirt leaves out a domain that vanished meanwhile: the next inventory will say so.
      if (sample === undefined) continue;
      const complete = this.#applySample(pass, record, sample, batch);
      if (!complete && batch.monitor) missed.push(record);
      pass.buildRow(record);
    }
    return missed;
  }

  /** Returns false if groups are missing that the domain had before. */
  #applySample(
    pass: CollectorPass,
    record: DomainRecord,
    sample: StatsSample,
    { monitor: askedMonitor, groups }: StatsBatch,
  ): boolean {
    let complete = true;
    const previous = record.runtime.sample;
    if (sample.state !== undefined) {
      pass.domains.applyState(record, sample.state, sample.reason ?? 0, sample.at);
    }
    if (!record.active) {
      this.#setStatus(record, 'inactive');
    } else if (askedMonitor && sample.monitor.complete) {
      if (previous?.monitor.complete === true) this.#noteFalls(pass, record, previous.monitor, sample);
      noteRates(previous?.monitor, sample.monitor, pass.host.cpusOnline);
      this.#noteIdleGroups(record, sample, groups);
      this.#setStatus(record, 'ok');
    } else {
      const workedBefore = previous?.monitor.complete === true;
      const busy = record.runtime.control !== undefined && record.runtime.control.state !== 'ok';
      this.#setStatus(record, workedBefore || busy || !askedMonitor ? 'blocked' : 'partial');
      if (workedBefore) {
        sample.keepMonitor(previous);
        complete = false;
      } else {
        if (previous !== undefined) this.#noteFalls(pass, record, previous.monitor, sample);
        noteRates(previous?.monitor, sample.monitor, pass.host.cpusOnline);
      }
    }
    if (previous !== undefined) this.#noteFallsOfOthers(pass, record, previous, sample);
    record.runtime.sample = sample;
    record.statsAt = sample.monitor.at;
    record.touchFigures();
    return complete;
  }

  #noteFalls(pass: CollectorPass, record: DomainRecord, before: MonitorSample, sample: StatsSample): void {
    const { domain, disks } = discontinuities(before, sample.monitor);
    if (domain) pass.domains.setDiscontinuity(record, sample.at);
    for (const target of disks) record.noteReset(target, sample.at);
  }

  /** Those that need no monitor. */
  #noteFallsOfOthers(pass: CollectorPass, record: DomainRecord, before: StatsSample, now: StatsSample): void {
    for (const device of netDiscontinuities(before, now)) record.noteReset(device, now.at);
    if (now.perf.length > 0 && perfFell(before, now)) pass.domains.setDiscontinuity(record, now.at);
  }

  #noteIdleGroups({ runtime }: DomainRecord, sample: StatsSample, asked: number): void {
    const { groups } = this.#options;
    if (asked === groups) {
      runtime.idleGroups = { groups: idleGroups(sample.monitor, groups), atMs: sample.monitor.atMs };
    } else if (runtime.sample !== undefined) {
      sample.keepIdleGroups(runtime.sample, groups & ~asked);
    }
  }

  #setStatus(record: DomainRecord, status: DomainRecord['statsStatus']): void {
    if (record.statsStatus === status) return;
    record.statsStatus = status;
    record.touch();
  }
}
