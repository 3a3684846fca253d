import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { repositoryPath } from '../repository-path.ts';
import { dashboardFiles } from './dashboard-files.ts';

/** Writes contrib/grafana/ from the declarations beside this file. */
for (const [path, text] of dashboardFiles()) {
  mkdirSync(dirname(`${repositoryPath}/${path}`), { recursive: true });
  writeFileSync(`${repositoryPath}/${path}`, text);
}
