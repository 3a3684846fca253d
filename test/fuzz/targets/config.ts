import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../../src/config/config-error.ts';
import { effectiveToml, exampleToml } from '../../../src/config/document.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { settings } from '../../../src/config/settings.ts';
import type { Target } from '../target.ts';

const words = [
  ...settings.map(({ key }) => `\n${key} = `),
  ...[
    'true',
    'nan',
    '-inf',
    '1979-05-27',
    '1e999',
    '0x7fffffffffffffff',
    '"""',
    "'''",
    '[[',
    ']]',
    '{',
    '}',
    '.',
  ],
  ...['__proto__ = 1', 'constructor.prototype = {}', '["(a+)+$"]', '"(?<!"', '"\\u0000"', '[a.b.c]', '= 1\n'],
];

/** The file of settings: everything with its default, as an administrator begins. */
export function configTarget(): Target {
  const directory = mkdtempSync(join(tmpdir(), 'lvefuzz-'));
  const path = join(directory, 'agent.toml');
  const example = exampleToml();
  // Without the explanations, each section is a short document.
  const bare = example
    .split('\n')
    .filter((line) => !/^#( |$)/.test(line))
    .map((line) => line.replace(/^#/, ''))
    .join('\n');
  const parts = bare.split(/^(?=\[)/m).filter((part) => part.startsWith('['));
  return {
    name: 'settings',
    corpus: [bare, ...parts].map((text) => Uint8Array.from(Buffer.from(text))),
    words,
    weight: 3,
    async take(bytes) {
      writeFileSync(path, bytes);
      try {
        const loaded = await loadConfig({ file: path, env: {}, flags: [] });
        effectiveToml(loaded);
        return true;
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        for (const { message } of error.issues) if (message === '') throw error;
        return false;
      }
    },
    close: () => rmSync(directory, { recursive: true }),
  };
}
