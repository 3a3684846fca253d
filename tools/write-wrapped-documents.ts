import { readFileSync, writeFileSync } from 'node:fs';
import { markdownDocuments } from './markdown-documents.ts';
import { wrapMarkdown } from './wrap-markdown.ts';

// Part of `npm run docs`. What is generated as a whole is left as it is.
const root = `${import.meta.dirname}/..`;
const generated: ReadonlySet<string> = new Set(['docs/objects.md', 'docs/metrics.md']);
for (const path of markdownDocuments.filter((name) => !generated.has(name))) {
  const text = readFileSync(`${root}/${path}`, 'utf8');
  const wrapped = wrapMarkdown(text);
  if (wrapped !== text) writeFileSync(`${root}/${path}`, wrapped);
}
