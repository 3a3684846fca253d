/**
 * Triggers of the templates for hypervisors and guests that zabbix-away.test.ts has fire and recover, because something
 * is taken away for them that all others need; zabbix-triggers.test.ts has the others.
 */
export const awayTriggers: readonly string[] = [
  'libvirt: No SNMP data collection',
  'libvirt: The agent does not answer',
  'libvirt: libvirt is not connected',
  'libvirt: Data is old',
  'libvirt: Refreshes fail in part',
  'libvirt: Refreshes take longer than their interval',
  'libvirt: CPU use of the host is high',
  'Disk {#DISK.LABEL}: I/O errors',
];
