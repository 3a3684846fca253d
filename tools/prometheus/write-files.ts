import { writeFileSync } from 'node:fs';
import { repositoryPath } from '../repository-path.ts';
import { prometheusFiles } from './prometheus-files.ts';

/** Writes into contrib/prometheus/ what is made from the declarations beside this file. */
for (const [path, text] of prometheusFiles()) writeFileSync(`${repositoryPath}/${path}`, text);
