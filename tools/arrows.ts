import { readdirSync } from 'node:fs';

// docs/architecture.md draws which folder of src may import which; Biome keeps it so. biome.arrows.json is made
// from that table, so that what is drawn is what is checked.

/** What each folder of `src` may import, by the table in docs/architecture.md, in the order of its rows. */
export type Arrows = ReadonlyMap<string, readonly string[]>;

/** Reads the table under the heading "What may import what". */
export function drawnArrows(architecture: string): Arrows {
  const [, section = ''] = /\n## What may import what\n([\s\S]*?)(?=\n## |$)/.exec(architecture) ?? [];
  const rows = [...section.matchAll(/^\| `([\w-]+)` \|([^|]*)\|[^|]*\|$/gm)];
  return new Map(
    rows.map(([, folder = '', may = '']) => [
      folder,
      [...may.matchAll(/`([\w.-]+)`/g)].map(([, name = '']) => name),
    ]),
  );
}

/** Files of `src` itself that anybody may import. */
const common: ReadonlySet<string> = new Set(['errors.ts', 'log.ts', 'mask.ts']);

/** What there is in `src`: folders, and the files that only the top of the program may import. */
export function importable(src: string): {
  readonly folders: readonly string[];
  readonly files: readonly string[];
} {
  const entries = readdirSync(src, { withFileTypes: true });
  return {
    folders: entries.filter((entry) => entry.isDirectory()).map(({ name }) => name),
    files: entries.filter((entry) => entry.isFile() && !common.has(entry.name)).map(({ name }) => name),
  };
}

/** What the program must not import: it is shipped without. */
const besideSrc = ['**/test/**', '**/tools/**'] as const;

/** The overrides of biome.arrows.json: for each folder what it must not import, which is all that is not drawn. */
export function arrowOverrides(arrows: Arrows, src: string): readonly object[] {
  const { folders, files } = importable(src);
  return [
    ...[...arrows].map(([folder, may]) => {
      const allowed = may.length === 0 ? 'nothing of src' : may.join(', ');
      return override(
        `src/${folder}/**`,
        [
          ...besideSrc,
          ...folders.filter((name) => name !== folder && !may.includes(name)).map((name) => `**/${name}/**`),
          ...files.filter((name) => !may.includes(name)).map((name) => `**/${name}`),
        ],
        `src/${folder} may import ${allowed}`,
      );
    }),
    override('src/*.ts', besideSrc, 'src may import nothing that is not shipped'),
    override('tools/**', ['**/test/**'], 'tools may import src, and no tests'),
  ];
}

function override(includes: string, forbidden: readonly string[], rule: string): object {
  const message = `${rule}: see "What may import what" in docs/architecture.md.`;
  const options = { patterns: [{ group: [...forbidden].sort(), message }] };
  return {
    includes: [includes],
    linter: { rules: { style: { noRestrictedImports: { level: 'error', options } } } },
  };
}
