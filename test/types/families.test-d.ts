import type { FamilyGroup, FamilyTable } from '../../src/families/family-table.ts';
import type { TableName } from '../../src/mib/bind.ts';

// What the compiler has to refuse about names of metrics.

type Lines<T extends TableName> = FamilyTable<T>['families'];

const cpu = { table: 'lveDomCpuTable', prefix: '', labels: {} } as const;
const guest = { table: 'lveGuestTable', prefix: '', labels: {} } as const;

// @ts-expect-error -- lveDomHaltPollFail does not begin as its table does, so that no name follows from it
export const missing: FamilyTable<'lveDomCpuTable'> = {
  ...cpu,
  families: { lveDomHaltPollSuccess: 'haltpoll_success_seconds_total' },
};

// @ts-expect-error -- nobody says what the moment is called that lveGuestInfoAge is served as
export const age: FamilyTable<'lveGuestTable'> = { ...guest, families: {} };

export const none: FamilyTable<'lveGuestTable'> = { ...guest, rest: null, families: {} };

export const belies: Partial<Lines<'lveDomCpuTable'>> = {
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
