import { began, type FamilyTable } from '../family-table.ts';

export const guestFamilies: FamilyTable<'lveGuestTable'> = {
  table: 'lveGuestTable',
  prefix: 'libvirt_domain_guest_',
  labels: { domain: 'lveDomName' },
  families: {
    lveGuestLoad1: 'load1',
    lveGuestLoad5: 'load5',
    lveGuestLoad15: 'load15',
    lveGuestInfoAge: began('info_timestamp_seconds', 'The time at which the guest agent told this.'),
  },
};

export const fsFamilies: FamilyTable<'lveFsTable'> = {
  table: 'lveFsTable',
  prefix: 'libvirt_domain_guest_filesystem_',
  labels: { domain: 'lveDomName', mountpoint: 'lveFsMountPoint' },
  families: {
    lveFsTotal: 'size_bytes',
    lveFsUsedPercent: null,
  },
};
