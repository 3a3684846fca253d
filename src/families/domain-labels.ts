import type { ObjectName } from '../mib/bind.ts';
import { infoFamilies } from './info-families.ts';
import type { AnyLabelSource } from './label-set.ts';
import { familyTables } from './tables/index.ts';

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

/** Info families that tell the same under the same names. */
const same: ReadonlySet<string> = new Set(['libvirt_domain_info', 'libvirt_domain_openstack_info']);

/** Labels that some series of domains have by themselves. */
export const reservedLabels: ReadonlySet<string> = new Set(
  [...familyTables, ...infoFamilies.filter(({ name }) => !same.has(name))].flatMap((one) => {
    const { labels = {} } = one;
    const texts = 'texts' in one ? one.texts : {};
    return 'domain' in labels ? [...Object.keys(labels), ...Object.keys(texts)] : [];
  }),
);
