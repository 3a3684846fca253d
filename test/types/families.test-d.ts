import type { FamilyGroup, FamilyTable } from '../../src/families/family-table.ts';

// What the compiler has to refuse about names of metrics.

// @ts-expect-error -- lvePoolState has no line
export const missing: FamilyTable<'lvePoolTable'>['families'] = { lvePoolCapacity: 'capacity_bytes' };

export const belies: Partial<FamilyTable<'lveDomCpuTable'>['families']> = {
  // @ts-expect-error -- microseconds are served as seconds, and a counter ends with _total
  lveDomCpuSystemTime: 'system_seconds',
  // @ts-expect-error -- hundredths of a percent are served as a ratio
  lveDomCpuPercent: 'used_percent',
  lveDomCpuUserTime: 'user_seconds_total',
  lveDomCpuShares: null,
};

export const text: Partial<FamilyGroup<'lveAgent'>['families']> = {
  // @ts-expect-error -- a text is no number
  lveConnUri: 'uri',
};

export const time: Partial<FamilyGroup<'lveAgent'>['families']> = {
  // @ts-expect-error -- an age or an uptime is served as its moment
  lveAgentUpTime: 'up_seconds_total',
};
