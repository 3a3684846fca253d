import { wrap } from '../src/config/wrap.ts';
import { type InventoryEntry, listNotifications, listObjects, tableOf } from '../src/mib/inventory.ts';
import { modules } from '../src/mib/objects.gen.ts';
import { formatOid } from '../src/tree/oid.ts';

/** `docs/objects.md`: every object and notification the agent serves, in Markdown. */
export function renderObjectsDoc(): string {
  const lines = [
    '# Objects',
    '',
    'Everything `libvirt-agentx` serves, generated from the MIB modules in `mibs/` by',
    '`npm run docs`: edit a module, not this page. Object identifiers are relative to the root of the',
    'module; that of LIBVIRT-EXT-MIB can be moved with `mib.root`. An instance whose value is not',
    'known does not exist.',
    '',
  ];
  for (const [module, { root }] of Object.entries(modules)) {
    lines.push(`## ${module}`, '', `Root: \`${formatOid(root)}\``, '');
    const objects = listObjects().filter((object) => object.module === module);
    for (const owner of new Set(objects.map(ownerOf))) {
      const members = objects.filter((object) => ownerOf(object) === owner);
      const [first] = members;
      lines.push(
        ...(first?.table === undefined ? scalarSection(owner, members) : tableSection(first, members)),
      );
    }
    lines.push(
      `### Notifications of ${module}`,
      '',
      '| OID | Notification | Objects | |',
      '|---|---|---|---|',
    );
    for (const notification of listNotifications().filter((candidate) => candidate.module === module)) {
      const { name, absoluteOid, objects: carried, summary } = notification;
      const oid = formatOid(absoluteOid.slice(root.length));
      lines.push(`| ${oid} | \`${name}\` | ${carried.join(', ')} | ${cell(summary)} |`);
    }
    lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function ownerOf(object: InventoryEntry): string {
  return object.table ?? object.group ?? '';
}

function scalarSection(group: string, members: readonly InventoryEntry[]): string[] {
  return [`### ${group} (scalars)`, '', ...objectRows(members), ''];
}

function tableSection(first: InventoryEntry, members: readonly InventoryEntry[]): string[] {
  const table = tableOf(first.name);
  if (table === undefined) return [];
  const index = table.index.map((name) => `\`${name}\``).join(', ');
  return [
    `### ${table.name}`,
    '',
    ...wrap(`${table.summary} Index: ${index}.`),
    '',
    ...objectRows(members),
    '',
  ];
}

function objectRows(members: readonly InventoryEntry[]): string[] {
  const rows = members.map((object) => {
    const type = object.labels === undefined ? object.type : labelled(object);
    const units = object.units === undefined ? '' : ` (${object.units})`;
    const access = object.access === 'read-only' ? '' : ` *${object.access}*`;
    return `| ${formatOid(object.oid)} | \`${object.name}\` | ${cell(type)}${units} | ${cell(object.summary)}${access} |`;
  });
  return ['| OID | Object | Type | |', '|---|---|---|---|', ...rows];
}

function labelled(object: InventoryEntry): string {
  if (object.kind === 'boolean') return object.type;
  const labels = Object.entries(object.labels ?? {}).map(([label, number]) => `${label}(${number})`);
  return labels.length > 12 ? object.type : `${object.type}: ${labels.join(', ')}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
