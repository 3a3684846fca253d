import type { Macro, Rule } from './item.ts';
import { defaultRoot, rootMacro } from './object-oid.ts';

export const root: Macro = {
  macro: rootMacro,
  value: defaultRoot,
  description: 'Where LIBVIRT-EXT-MIB is registered: mib.root of the agent.',
};

export const hostMacros: readonly Macro[] = [
  { macro: '{$SNMP.TIMEOUT}', value: '5m', description: 'How long no answer by SNMP is no problem yet.' },
  {
    macro: '{$LIBVIRT.REFRESH.ERRORS.MAX}',
    value: '10',
    description: 'Refreshes with errors within {$LIBVIRT.ERRORS.TIME}.',
  },
  {
    macro: '{$LIBVIRT.REFRESH.OVERRUNS.MAX}',
    value: '10',
    description: 'Refreshes left out within {$LIBVIRT.ERRORS.TIME}.',
  },
  { macro: '{$LIBVIRT.HOST.CPU.MAX}', value: '90', description: 'CPU use of the host in percent.' },
  { macro: '{$LIBVIRT.HOST.MEM.MAX}', value: '95', description: 'Memory use of the host in percent.' },
  {
    macro: '{$LIBVIRT.HOST.CPU.OVERCOMMIT.MAX}',
    value: '8',
    description: 'Virtual CPUs of active virtual machines for each processor.',
  },
  {
    macro: '{$LIBVIRT.HOST.MEM.OVERCOMMIT.MAX}',
    value: '1.2',
    description: 'Maximum memory of active virtual machines for each byte of the host.',
  },
  { macro: '{$LIBVIRT.POOL.USED.MAX.CRIT}', value: '95', description: 'Use of a storage pool in percent.' },
  { macro: '{$LIBVIRT.POOL.USED.MAX.WARN}', value: '85', description: 'Use of a storage pool in percent.' },
];

/** Thresholds for a virtual machine; with its name as context for one machine only. */
export const domainMacros: readonly Macro[] = [
  {
    macro: '{$LIBVIRT.DATA.AGE.MAX}',
    value: '2m',
    description: 'How old data may be, beside two intervals of the agent.',
  },
  {
    macro: '{$LIBVIRT.ERRORS.TIME}',
    value: '15m',
    description: 'How long errors that were counted are a problem.',
  },
  {
    macro: '{$LIBVIRT.VM.AGENT.TIME}',
    value: '5m',
    description: 'How long a guest agent that has answered before may be silent.',
  },
  {
    macro: '{$LIBVIRT.VM.OFF.TIME}',
    value: '5m',
    description: 'How long a virtual machine with autostart may be off.',
  },
  { macro: '{$LIBVIRT.VM.CPU.MAX}', value: '95', description: 'CPU use in percent of its virtual CPUs.' },
  { macro: '{$LIBVIRT.VM.STEAL.MAX}', value: '20', description: 'CPU taken by others, in percent.' },
  { macro: '{$LIBVIRT.VM.MEM.MAX}', value: '95', description: 'Memory use inside the guest in percent.' },
  { macro: '{$LIBVIRT.VM.SNAPSHOT.AGE.MAX}', value: '30d', description: 'How old a snapshot may become.' },
  { macro: '{$LIBVIRT.DISK.LATENCY.MAX}', value: '0.1', description: 'Latency of a disk in seconds.' },
  { macro: '{$LIBVIRT.NIC.ERRORS.MAX}', value: '2', description: 'Errors of an interface a second.' },
  {
    macro: '{$LIBVIRT.FS.USED.MAX.CRIT}',
    value: '95',
    description: 'Use of a file system in a guest, percent.',
  },
  {
    macro: '{$LIBVIRT.FS.USED.MAX.WARN}',
    value: '85',
    description: 'Use of a file system in a guest, percent.',
  },
];

/** The pair of macros that choose what a rule finds. */
export function filterMacros(rule: Rule): readonly Macro[] {
  return Object.values(rule.filters).flatMap((name) => [
    { macro: `{$${name}.MATCHES}`, value: '.*', description: `${rule.name}: what is found.` },
    {
      macro: `{$${name}.NOT_MATCHES}`,
      value: rule.leftOut?.[name] ?? 'CHANGE_IF_NEEDED',
      description: `${rule.name}: what is left out.`,
    },
  ]);
}
