import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A package of npm that is a part of the bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression of its package.json. */
  readonly license: string;
  /** The text of its licence file; of a package without one, its author and the terms of another with that licence. */
  readonly text: string;
}

/** The program loads this one only where it is needed, by a call that esbuild does not see through. */
const lazyCall = "createRequire(import.meta.url)('xpath')";
const lazyPackages: Plugin = {
  name: 'lazy packages',
  setup(context) {
    context.onLoad({ filter: /src\/definition\/labels\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      if (!source.includes(lazyCall)) throw new Error(`${path} no longer has ${lazyCall}`);
      return { contents: source.replace(lazyCall, "require('xpath')"), loader: 'ts' };
    });
  },
};

/** Programs of threads: each is started by the name that it has here. */
export const threads: Readonly<Record<string, string>> = {
  worker: 'src/serve/worker.ts',
  'faces-worker': 'src/faces/faces-worker.ts',
  'domain-reader-worker': 'src/collect/reader/domain-reader-worker.ts',
};

/**
 * Writes the program and all it needs of npm as a few files that any Node.js 18 or newer runs: `libvirt-agentx.js`,
 * those of its threads and what they share or load later. They look for package.json, mibs/ and contrib/ two directories above
 * their own, as the files in dist/ do.
 *
 * @returns what is inside, by name.
 */
export async function bundle(directory: string): Promise<readonly BundledPackage[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { 'libvirt-agentx': 'src/cli.ts', ...threads },
    outdir: directory,
    bundle: true,
    // One file would have to be read as a whole for every command.
    splitting: true,
    chunkNames: '[name]-[hash]',
    platform: 'node',
    format: 'esm',
    target: 'node18',
    legalComments: 'none',
    metafile: true,
    plugins: [lazyPackages],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
    },
  });
  // It is no program of its own: usr/bin has one.
  const entry = join(directory, 'libvirt-agentx.js');
  writeFileSync(entry, readFileSync(entry, 'utf8').replace(/^#!.*\n/, ''));
  chmodSync(entry, 0o644);
  const names = new Set(
    Object.keys(metafile.inputs).flatMap((path) => {
      const inside = path.lastIndexOf('node_modules/');
      if (inside < 0) return [];
      const [directoryName = '', ...rest] = path.slice(inside + 'node_modules/'.length).split('/');
      return [directoryName.startsWith('@') ? `${directoryName}/${rest[0]}` : directoryName];
    }),
  );
  const described = [...names].sort().map(describe);
  return described.map(({ author, text, ...rest }) => {
    if (text !== undefined) return { ...rest, text };
    const terms = described.find((other) => other.license === rest.license && other.text !== undefined)?.text;
    if (terms === undefined) throw new Error(`${rest.name} shows no licence`);
    return { ...rest, text: terms.replace(/^Copyright .*$/im, `Copyright (c) ${author}`) };
  });
}

function describe(name: string) {
  const directory = join(root, 'node_modules', name);
  const { version, license, author }: { version: string; license: string; author?: string } = JSON.parse(
    readFileSync(join(directory, 'package.json'), 'utf8'),
  );
  return { name, version, license, author, text: licenceText(directory) };
}

/** The licence file, or what a README says below that title. */
function licenceText(directory: string): string | undefined {
  const files = readdirSync(directory);
  const read = (pattern: RegExp): string | undefined => {
    const file = files.find((entry) => pattern.test(entry));
    return file === undefined ? undefined : readFileSync(join(directory, file), 'utf8');
  };
  return (
    read(/^(licen[cs]e|copying)(\.\w+)?$/i) ??
    /^#+ licen[cs]e\s*\n([\s\S]*)/im.exec(read(/^readme(\.\w+)?$/i) ?? '')?.[1]
  );
}
