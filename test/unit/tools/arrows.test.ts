import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { arrowOverrides, drawnArrows, importable } from '../../../tools/arrows.ts';

const root = join(import.meta.dirname, '../../..');
const arrows = drawnArrows(readFileSync(join(root, 'docs/architecture.md'), 'utf8'));
const { folders, files } = importable(join(root, 'src'));

describe('the table of arrows in docs/architecture.md', () => {
  it('has a row for each folder of src', () => {
    expect([...arrows.keys()].sort()).toEqual([...folders].sort());
  });

  it('has no circle: a row names only rows above it, and files of src', () => {
    const above = new Set(files);
    const wrong: string[] = [];
    for (const [folder, may] of arrows) {
      wrong.push(...may.filter((name) => !above.has(name)).map((name) => `${folder} -> ${name}`));
      above.add(folder);
    }
    expect(wrong).toEqual([]);
  });

  it('is what Biome checks', () => {
    const config = JSON.parse(readFileSync(join(root, 'biome.arrows.json'), 'utf8'));
    expect(config.overrides, 'run: npm run docs').toEqual(arrowOverrides(arrows, join(root, 'src')));
  });
});

const scratch = mkdtempSync(join(tmpdir(), 'arrows-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** What Biome says of these files in a tree of their own with our rules. */
function lint(sources: Readonly<Record<string, string>>): {
  readonly status: number | null;
  readonly text: string;
} {
  rmSync(join(scratch, 'src'), { recursive: true, force: true });
  const config = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
  writeFileSync(join(scratch, 'biome.json'), JSON.stringify({ ...config, vcs: { enabled: false } }));
  for (const file of ['biome.arrows.json', 'package.json']) cpSync(join(root, file), join(scratch, file));
  for (const [path, text] of Object.entries(sources)) {
    mkdirSync(join(scratch, dirname(path)), { recursive: true });
    writeFileSync(join(scratch, path), text);
  }
  const biome = join(root, 'node_modules/.bin/biome');
  const { status, stdout, stderr } = spawnSync(biome, ['lint', 'src'], { cwd: scratch, encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

describe('an arrow that is not drawn', () => {
  const snapshot = { 'src/model/snapshot.ts': 'export interface Snapshot {\n  readonly at: number;\n}\n' };

  it.each([
    ['of a type', "import type { Snapshot } from '../model/snapshot.ts';\n\nexport type Other = Snapshot;\n"],
    ['passed on', "export type { Snapshot } from '../model/snapshot.ts';\n"],
    ['of a value', "import * as snapshot from '../model/snapshot.ts';\n\nexport const other = snapshot;\n"],
  ])('%s is an error', (_what, text) => {
    const { status, text: said } = lint({ ...snapshot, 'src/agentx/wrong.ts': text });
    expect(said).toContain('noRestrictedImports');
    expect(said).toContain('src/agentx may import bytes, run, tree');
    expect(status).toBe(1);
  });

  it('from a folder further down is an error', () => {
    const text = "export type { Snapshot } from '../../model/snapshot.ts';\n";
    expect(lint({ ...snapshot, 'src/agentx/deep/wrong.ts': text }).text).toContain('noRestrictedImports');
  });

  it('to the top of the program is an error', () => {
    const daemon = { 'src/daemon.ts': 'export class Daemon {}\n' };
    const text = "export { Daemon } from '../daemon.ts';\n";
    expect(lint({ ...daemon, 'src/collect/wrong.ts': text }).text).toContain('noRestrictedImports');
  });

  it('that is drawn is none', () => {
    const { status, text } = lint({
      ...snapshot,
      'src/mib/right.ts': "export type { Snapshot } from '../model/snapshot.ts';\n",
    });
    expect(text).not.toContain('noRestrictedImports');
    expect(status).toBe(0);
  });
});

it('a circle of types is an error', () => {
  const { status, text } = lint({
    'src/tree/first.ts': "import type { Second } from './second.ts';\n\nexport type First = Second | 1;\n",
    'src/tree/second.ts': "import type { First } from './first.ts';\n\nexport type Second = First[];\n",
  });
  expect(text).toContain('noImportCycles');
  expect(status).toBe(1);
});
