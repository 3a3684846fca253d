import { readFileSync } from 'node:fs';
import { exampleToml, referenceMarkdown } from '../src/config/document.ts';

/** A committed file of which at least a part is made from the settings table. */
export interface GeneratedFile {
  readonly path: string;
  readonly expected: string;
}

const begin = '<!-- settings: begin; made by `libvirt-agentx config --reference` -->\n';
const end = '<!-- settings: end -->\n';

/** What the files made from the settings table should hold. */
export function configurationDocs(root: string): readonly GeneratedFile[] {
  const document = `${root}/docs/configuration.md`;
  return [
    { path: `${root}/contrib/libvirt-agentx.toml`, expected: exampleToml() },
    { path: document, expected: withReference(readFileSync(document, 'utf8')) },
  ];
}

function withReference(text: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error('docs/configuration.md has lost its markers');
  return `${text.slice(0, from)}${begin}\n${referenceMarkdown()}\n${text.slice(to)}`;
}
