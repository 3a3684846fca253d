import type { ObjectName } from '../mib/bind.ts';
import type { AnyLabelSource } from './label-set.ts';

/** Labels for every series of a domain, by name. */
export type DomainLabels = Readonly<Record<string, AnyLabelSource>>;

const sources: Readonly<Record<string, ObjectName>> = {
  uuid: 'lveDomUuid',
  title: 'lveDomTitle',
  os_type: 'vmOSType',
  arch: 'lveSpecArch',
  machine: 'lveSpecMachine',
  'nova.instance_name': 'lveNovaInstanceName',
  'nova.flavor': 'lveNovaFlavor',
  'nova.project_name': 'lveNovaProjectName',
  'nova.project_id': 'lveNovaProjectId',
  'nova.user_name': 'lveNovaUserName',
  'nova.user_id': 'lveNovaUserId',
  'nova.image_id': 'lveNovaImageId',
};

/** What a label is taken from: `uuid`, `nova.project_name`, `label.cluster`; undefined if it is none of these. */
export function domainLabelSource(text: string): AnyLabelSource | undefined {
  const [, rule] = /^label\.([\w.-]{1,64})$/.exec(text) ?? [];
  if (rule !== undefined) return { rule };
  return Object.hasOwn(sources, text) ? sources[text] : undefined;
}

/**
 * Labels that some series of domains have by themselves. They stand here once more, and a test compares them with the
 * tables, so that the settings do without loading all of those.
 */
export const reservedLabels: ReadonlySet<string> = new Set([
  'domain',
  'vcpu',
  'iothread',
  'target_device',
  'mountpoint',
  'kind',
  'event',
  'device',
  'disk_type',
  'target_bus',
  'driver_type',
  'driver_cache',
  'driver_discard',
  'source_file',
  'serial',
  'interface_type',
  'source_bridge',
  'mac_address',
  'model_type',
  'hostname',
  'os_id',
  'os_name',
  'os_version',
  'kernel',
  'machine',
  'timezone',
]);
