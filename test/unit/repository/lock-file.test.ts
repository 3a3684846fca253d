import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

interface Entry {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const root = join(import.meta.dirname, '../../..');
const lock: { readonly packages: Readonly<Record<string, Entry>> } = JSON.parse(
  readFileSync(join(root, 'package-lock.json'), 'utf8'),
);
const packages = Object.entries(lock.packages);

/** Whether a package finds another one, in its own node_modules or in one further up. */
function finds(from: string, name: string): boolean {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    if (`${at === '' ? '' : `${at}/`}node_modules/${name}` in lock.packages) return true;
    if (at === '') return false;
  }
}

it('holds every package that an entry names, those of other platforms too: else npm 11 refuses it', () => {
  const missing = packages.flatMap(([path, entry]) => {
    const peers = Object.keys(entry.peerDependencies ?? {}).filter(
      (name) => entry.peerDependenciesMeta?.[name]?.optional !== true,
    );
    const named = [entry.dependencies, entry.devDependencies, entry.optionalDependencies].flatMap((list) =>
      Object.keys(list ?? {}),
    );
    return [...named, ...peers].filter((name) => !finds(path, name)).map((name) => `${path}: ${name}`);
  });
  expect(missing, 'in a folder with both files: npm install --package-lock-only --ignore-scripts').toEqual(
    [],
  );
});

it('has what package.json asks for', () => {
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { dependencies, devDependencies } = lock.packages[''] ?? {};
  expect(dependencies).toEqual(own.dependencies);
  expect(devDependencies).toEqual(own.devDependencies);
});

it('has a checksum for each package and names no registry', () => {
  const others = packages.filter(([path]) => path !== '');
  expect(others.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path)).toEqual([]);
  expect(others.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
});
