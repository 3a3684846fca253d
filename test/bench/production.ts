import { repositoryPath } from '../lab/mib-path.ts';

/**
 * A module of the built program, for measurements inside a process: what the tests' loader makes of the
 * sources is slower than what users run.
 *
 * @param path - below `dist`, without extension
 */
export async function production<Module>(path: string): Promise<Module> {
  return (await import(`${repositoryPath}/dist/${path}.js`)) as Module;
}
