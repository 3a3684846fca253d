import { fileURLToPath } from 'node:url';

/** The root directory of the repository. */
export const repositoryPath = fileURLToPath(new URL('../', import.meta.url)).replace(/\/$/, '');
