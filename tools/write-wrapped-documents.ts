import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { wrapMarkdown } from './wrap-markdown.ts';

// Part of `npm run docs`. What is generated as a whole is left as it is.
const root = `${import.meta.dirname}/..`;
const others: ReadonlySet<string> = new Set(['objects.md', 'metrics.md']);
const inDocs = readdirSync(`${root}/docs`, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md') && !others.has(name))
  .map((name) => `docs/${name}`);
const documents = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...['', 'grafana/', 'prometheus/'].map((name) => `contrib/${name}README.md`),
];
for (const path of [...documents, ...inDocs]) {
  const text = readFileSync(`${root}/${path}`, 'utf8');
  const wrapped = wrapMarkdown(text);
  if (wrapped !== text) writeFileSync(`${root}/${path}`, wrapped);
}
