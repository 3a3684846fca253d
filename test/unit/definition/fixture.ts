import { readFileSync } from 'node:fs';

/** A text of `test/fixtures/definition`. */
export function definitionFixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/definition/${name}.xml`, import.meta.url), 'utf8');
}
