import type { CollectorStatus } from '../model/agent.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Finding } from './finding.ts';

/** What one collection showed: the domains, how each source of data fared, and the warnings. */
export function checkSnapshot(snapshot: Snapshot): readonly Finding[] {
  const present = snapshot.domains.length;
  const running = snapshot.domains.filter(({ facts }) => facts.state === 'running').length;
  const domains: Finding =
    present === 0
      ? {
          level: 'warn',
          subject: 'domains',
          text: 'none',
          remedy:
            'Is libvirt.uri the right one, and do collect.include and collect.exclude admit them? ' +
            'virsh -r list --all shows what libvirt has.',
        }
      : { level: 'ok', subject: 'domains', text: `${present}, of which ${running} running` };
  return [
    domains,
    ...snapshot.collectors.map(collectorFinding),
    ...snapshot.warnings.map(
      (warning): Finding => ({ level: 'warn', subject: warning.code, text: warning.text }),
    ),
  ];
}

function collectorFinding(row: CollectorStatus): Finding {
  const subject = `collector ${row.id}`;
  const took = row.durationMs === undefined ? '' : `, ${row.durationMs} ms`;
  const why = row.lastError === '' ? '' : `: ${row.lastError}`;
  if (!row.enabled) return { level: 'ok', subject, text: 'switched off (collect.extra_stats)' };
  if (row.support === 'unsupported') {
    return { level: 'warn', subject, text: `not available${why}`, ...remedyOf(row) };
  }
  if (row.timeouts > 0) {
    const remedy =
      'A hypervisor process does not answer: virsh -r domcontrol DOMAIN shows which. Others are not affected.';
    return { level: 'warn', subject, text: `${row.timeouts} calls without an answer${why}`, remedy };
  }
  if (row.support === 'partial') return { level: 'warn', subject, text: `works for some domains${why}` };
  if (row.errors > 0) return { level: 'warn', subject, text: `${row.errors} errors${why}` };
  if (row.runs === 0) return { level: 'ok', subject, text: 'has not run in this check' };
  return { level: 'ok', subject, text: `works${took}` };
}

function remedyOf({ lastError }: CollectorStatus): { readonly remedy?: string } {
  if (/not permitted/.test(lastError)) {
    return { remedy: 'Needs a read-write connection (libvirt.read_write) or an access rule of libvirt.' };
  }
  if (/libvirt version/.test(lastError)) return { remedy: 'Needs a newer libvirt; the objects stay absent.' };
  return {};
}
