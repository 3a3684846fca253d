import { writeFileSync } from 'node:fs';
import { renderObjectsDoc } from './objects-doc.ts';

// npm run docs
writeFileSync(new URL('../docs/objects.md', import.meta.url), renderObjectsDoc());
