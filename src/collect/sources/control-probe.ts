import { setImmediate as nextTurn } from 'node:timers/promises';
import { isOperationInvalid } from '../../libvirt/libvirt-error.ts';
import { domainGetControlInfo } from '../../libvirt/procedures.ts';
import { controlStates } from '../../libvirt-enums/domain-state.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { CollectorPass } from './collector.ts';

type DomainAndFlags = Parameters<typeof domainGetControlInfo.encode>[1];
type DomainControlInfo = ReturnType<typeof domainGetControlInfo.decode>;

/** Probes sent at once; the daemon reads a few requests of a connection at a time anyway. */
const probesInFlight = 64;

/**
 * Asks for the control interface of each active domain (virDomainGetControlInfo): a high-priority call that
 * never waits for the hypervisor process. It must precede everything that does.
 */
export async function probeControl(pass: CollectorPass, records: readonly DomainRecord[]): Promise<void> {
  for (let from = 0; from < records.length; from += probesInFlight) {
    const batch = records.slice(from, from + probesInFlight);
    await pass.libvirt.callEach(domainGetControlInfo, batch, argsOf, {
      replied: noteControl,
      failed: (record, error) => {
        if (record.runtime.control !== undefined) record.touch();
        record.runtime.control = undefined;
        // A domain that stopped a moment ago, or a driver without the call, is no failure of this source.
        if (!isOperationInvalid(error)) pass.failed(error, record.name);
      },
    });
    await nextTurn();
  }
}

/**
 * Whether the hypervisor process can be expected to answer: its control interface is idle, or busy for no
 * longer than the grace time.
 */
export function isResponsive(record: DomainRecord, graceMs: number): boolean {
  const control = record.runtime.control;
  if (control === undefined || control.state === 'ok') return true;
  if (control.state === 'error') return false;
  return (control.stateTimeMs ?? 0) <= graceMs;
}

/** Whether the hypervisor process itself did not answer for longer than the grace time; a long job is no such thing. */
export function isStuck(record: DomainRecord, graceMs: number): boolean {
  return record.runtime.control?.state !== 'job' && !isResponsive(record, graceMs);
}

function argsOf(record: DomainRecord): DomainAndFlags {
  return { domain: record.ref, flags: 0 };
}

function noteControl(record: DomainRecord, info: DomainControlInfo): void {
  const state = controlStates[info.state] ?? 'ok';
  const stateTimeMs = state === 'job' || state === 'occupied' ? Number(info.stateTimeMs) : undefined;
  const known = record.runtime.control;
  if (known?.state === state && known.stateTimeMs === stateTimeMs) return;
  record.runtime.control = { state, stateTimeMs };
  record.touch();
}
