import { DomainRecord } from '../../../src/collect/records/domain-record.ts';
import { WarningBoard } from '../../../src/collect/records/warning-board.ts';
import type { CollectorPass } from '../../../src/collect/sources/collector.ts';

/** The parts of a pass that a collector under test touches; everything else is missing on purpose. */
export interface TestPass {
  readonly pass: CollectorPass;
  readonly warnings: WarningBoard;
  /** What was reported as failed: `guest: text`. */
  readonly failures: string[];
  /** UUIDs of domains that could not be asked. */
  readonly postponed: string[];
  /** What was said not to have been asked; empty is everything. */
  readonly spared: string[];
}

export function testPass(records: readonly DomainRecord[], now = 0): TestPass {
  const failures: string[] = [];
  const postponed: string[] = [];
  const spared: string[] = [];
  const warnings = new WarningBoard(() => undefined);
  const pass = {
    domains: { present: records, active: records.filter((record) => record.active) },
    warnings,
    now,
    signal: new AbortController().signal,
    failed: (error: unknown, about = '') => {
      failures.push(`${about}: ${error instanceof Error ? error.message : String(error)}`);
    },
    only: undefined,
    spared: (about = '') => {
      spared.push(about);
    },
    answered: () => undefined,
    limited: () => undefined,
    changed: () => undefined,
    postpone: ({ uuid }: DomainRecord) => {
      postponed.push(uuid);
    },
    buildRow: () => undefined,
    configChanged: () => undefined,
  };
  return { pass: pass as unknown as CollectorPass, warnings, failures, postponed, spared };
}

/** A record of an active domain. */
export function activeRecord(name: string, index = 1): DomainRecord {
  const record = new DomainRecord(`uuid-${name}`, index, name, 0);
  record.active = true;
  record.id = index;
  return record;
}
