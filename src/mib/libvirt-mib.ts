import type { NotificationDefinition, ObjectDefinition, TableDefinition } from '../smi/definition.ts';

// LIBVIRT-MIB as libvirt-snmp 0.0.4 serves it: no module of ours, so that it is not in mibs/ and has no names in metrics.
// These are its numbers and types; its text comes with libvirt-snmp.

/** libvirt's enterprise number (IANA). */
const root = [1, 3, 6, 1, 4, 1, 36_957] as const;

const common = { module: 'LIBVIRT-MIB', table: 'libvirtGuestTable', access: 'read-only' } as const;

export const libvirtMib = {
  root,
  tables: {
    libvirtGuestTable: {
      module: 'LIBVIRT-MIB',
      entry: [1, 1, 1],
      index: ['libvirtGuestUUID'],
      columns: [
        'libvirtGuestName',
        'libvirtGuestState',
        'libvirtGuestCpuCount',
        'libvirtGuestMemoryCurrent',
        'libvirtGuestMemoryLimit',
        'libvirtGuestCpuTime',
        'libvirtGuestRowStatus',
      ],
      summary: 'The domains that libvirt knows, active or not.',
    },
  },
  objects: {
    libvirtGuestUUID: {
      ...common,
      oid: [1, 1, 1, 1],
      kind: 'octets',
      syntax: 'OctetString',
      type: 'OCTET STRING (SIZE (16))',
      access: 'accessible-for-notify',
      limits: [[16, 16]],
      summary: 'The UUID of the domain.',
    },
    libvirtGuestName: {
      ...common,
      oid: [1, 1, 1, 2],
      kind: 'text',
      syntax: 'OctetString',
      type: 'OCTET STRING',
      limits: [[0, 255]],
      summary: 'The name of the domain.',
    },
    libvirtGuestState: {
      ...common,
      oid: [1, 1, 1, 3],
      kind: 'enum',
      syntax: 'Integer32',
      type: 'INTEGER',
      // virDomainState. The module names 1 to 6; libvirt-snmp sends what libvirt says.
      labels: {
        nostate: 0,
        running: 1,
        blocked: 2,
        paused: 3,
        shutdown: 4,
        shutoff: 5,
        crashed: 6,
        pmsuspended: 7,
      },
      summary: 'The state of the domain.',
    },
    libvirtGuestCpuCount: {
      ...common,
      oid: [1, 1, 1, 4],
      kind: 'gauge',
      syntax: 'Gauge32',
      type: 'Unsigned32 (0..65535)',
      limits: [[0, 65_535]],
      summary: 'The number of its vCPUs.',
    },
    libvirtGuestMemoryCurrent: {
      ...common,
      oid: [1, 1, 1, 5],
      kind: 'gauge',
      syntax: 'Gauge32',
      type: 'Gauge32',
      // No UNITS in the module, so that none is shown: MiB.
      summary: 'The memory that it has now, in MiB.',
    },
    libvirtGuestMemoryLimit: {
      ...common,
      oid: [1, 1, 1, 6],
      kind: 'gauge',
      syntax: 'Gauge32',
      type: 'Unsigned32',
      summary: 'The memory that it may have, in MiB.',
    },
    libvirtGuestCpuTime: {
      ...common,
      oid: [1, 1, 1, 7],
      kind: 'counter64',
      syntax: 'Counter64',
      type: 'Counter64',
      summary: 'The CPU time that it has used, in nanoseconds.',
    },
    libvirtGuestRowStatus: {
      ...common,
      oid: [1, 1, 1, 9],
      kind: 'enum',
      syntax: 'Integer32',
      type: 'RowStatus',
      labels: { active: 1, notInService: 2 },
      summary:
        'active(1) in the table; in the notification notInService(2) for a domain that no longer runs.',
    },
  },
  notifications: {
    libvirtGuestNotif: {
      module: 'LIBVIRT-MIB',
      oid: [0, 1],
      objects: ['libvirtGuestName', 'libvirtGuestUUID', 'libvirtGuestState', 'libvirtGuestRowStatus'],
      instance: [0],
      summary: 'The state of a domain has changed.',
    },
  },
} as const satisfies {
  readonly root: readonly number[];
  readonly tables: Readonly<Record<string, TableDefinition>>;
  readonly objects: Readonly<Record<string, ObjectDefinition>>;
  readonly notifications: Readonly<Record<string, NotificationDefinition>>;
};
