import type { Warning } from '../../model/agent.ts';
import type { TableBinding } from '../bind.ts';

/** Conditions an operator should know. */
export const warningTable: TableBinding<'lveWarningTable', Warning> = {
  table: 'lveWarningTable',
  source: (snapshot) => snapshot.warnings,
  rows: (snapshot, add) => {
    for (const warning of snapshot.warnings) add(warning, warning.index);
  },
  columns: {
    lveWarningCode: (warning) => warning.code,
    lveWarningText: (warning) => warning.text,
    lveWarningSince: (warning) => warning.since,
  },
};
