import { writeFileSync } from 'node:fs';
import { configurationDocs } from './configuration-docs.ts';

// Run after a change of src/config/schema.ts: npx tsx tools/write-configuration-docs.ts
for (const { path, expected } of configurationDocs(`${import.meta.dirname}/..`))
  writeFileSync(path, expected);
