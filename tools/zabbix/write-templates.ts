import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { repositoryPath } from '../repository-path.ts';
import { templateFiles } from './template-files.ts';

/** Writes contrib/zabbix/ from the declarations beside this file. */
for (const [path, text] of templateFiles()) {
  mkdirSync(dirname(`${repositoryPath}/${path}`), { recursive: true });
  writeFileSync(`${repositoryPath}/${path}`, text);
}
