import { writeFileSync } from 'node:fs';
import { renderMetricsDoc } from './metrics-doc.ts';

// npm run docs
writeFileSync(new URL('../docs/metrics.md', import.meta.url), renderMetricsDoc());
