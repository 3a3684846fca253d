import { chmod, cp, readdir } from 'node:fs/promises';
import { bundle } from '../../tools/bundle.ts';
import type { LabDirectory } from './lab-directory.ts';
import { repositoryPath } from './mib-path.ts';

/**
 * Puts the program, bundled as packages have it, where every user can read it: a checkout may be in a home that nobody
 * but its owner enters, or have been made with a strict umask.
 *
 * @returns the path to give to Node.js.
 */
export async function readableProgram(directory: LabDirectory): Promise<string> {
  const home = directory.directory('program');
  const bundled = directory.directory('program', 'lib', 'bundle');
  await bundle(bundled);
  await cp(`${repositoryPath}/package.json`, `${home}/package.json`);
  await cp(`${repositoryPath}/mibs`, `${home}/mibs`, { recursive: true });
  for (const path of [directory.path, home]) await chmod(path, 0o755);
  for (const entry of await readdir(home, { withFileTypes: true, recursive: true })) {
    await chmod(`${entry.parentPath}/${entry.name}`, entry.isDirectory() ? 0o755 : 0o644);
  }
  return `${bundled}/libvirt-agentx.js`;
}
