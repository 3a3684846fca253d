import { expect, test } from 'vitest';
import { suffixOf } from '../../../src/families/suffix.ts';
import { definitions } from '../../../src/mib/definitions.ts';

test.each([
  ['lveDomCpuUserTime', 'lveDomCpuTable', 'user_seconds_total'],
  ['lveDomCpuHostPercent', 'lveDomCpuTable', 'host_ratio'],
  ['lveDomGoneTime', 'lveDomTable', 'gone_timestamp_seconds'],
  ['lveDomStateSince', 'lveDomTable', 'state_timestamp_seconds'],
  ['lveDomControlState', 'lveDomTable', 'control_state'],
  ['lveMemSwapIn', 'lveMemTable', 'swap_in_bytes_total'],
  ['lveDiskIoErrors', 'lveDiskTable', 'io_errors_total'],
  ['lveJobDirtyRate', 'lveJobTable', 'dirty_pages_per_second'],
  ['lveHostKsmFullScans', 'lveHost', 'ksm_full_scans_total'],
] as const)('%s of %s is %s', (object, part, suffix) => {
  expect(suffixOf(object, part, definitions[object])).toBe(suffix);
});
