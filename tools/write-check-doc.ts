import { readFileSync, writeFileSync } from 'node:fs';
import { checkDoc } from './check-doc.ts';

// Run after a change of a table of problems: npx tsx tools/write-check-doc.ts
const path = `${import.meta.dirname}/../docs/check.md`;
writeFileSync(path, checkDoc(readFileSync(path, 'utf8')));
