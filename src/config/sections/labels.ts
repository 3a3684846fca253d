import { z } from 'zod';
import { LabelReader, type LabelRule, type NamespaceTable } from '../../definition/labels.ts';
import { errorText } from '../../errors.ts';
import type { FreeTable } from '../setting.ts';

const nameRule = 'must be 1 to 64 letters, digits, "_", "." or "-"';
const xpathRule = 'must be an XPath expression in quotes, such as "string(/domain/title)"';

const rules = z
  .array(
    z.strictObject({
      name: z.string({ error: nameRule }).regex(/^[\w.-]{1,64}$/, { error: nameRule }),
      xpath: z.string({ error: xpathRule }).min(1, { error: xpathRule }).max(1000, { error: xpathRule }),
    }),
    { error: 'must be a list of tables: [[labels]] with name and xpath' },
  )
  .max(100, { error: 'must be at most 100 rules' });

export const labels: FreeTable<readonly LabelRule[]> = {
  schema: rules.prefault([]),
  help: 'Rules for lveLabelTable: what to take from the definition of every domain (XPath 1.0), and what to call it.',
  example: '[[labels]]\nname = "cluster"\nxpath = "string(/domain/metadata/ovirt:vm/ovirt:clusterVersion)"',
};

/** A rule that no label can be read by. */
export interface LabelProblem {
  /** Position of the rule. */
  readonly at: number;
  readonly key: 'name' | 'xpath';
  readonly message: string;
}

/** Rules that are well-formed tables may still hold what is no XPath, or a prefix nobody declared. */
export function labelProblems(
  given: readonly LabelRule[],
  namespaces: NamespaceTable,
): readonly LabelProblem[] {
  const names = given.map((rule) => rule.name);
  return given.flatMap((rule, at): readonly LabelProblem[] => {
    if (names.indexOf(rule.name) < at) {
      return [{ at, key: 'name', message: `an earlier rule is called "${rule.name}" already` }];
    }
    try {
      new LabelReader([rule], namespaces);
      return [];
    } catch (error) {
      return [{ at, key: 'xpath', message: errorText(error) }];
    }
  });
}
