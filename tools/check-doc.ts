import { checkedSubjects, checkProblems, type ProblemName } from '../src/check/problems.ts';

/** What the check page and the manual page say of each problem. */
export interface DescribedProblem {
  readonly name: ProblemName;
  readonly level: string;
  readonly cause: string;
  readonly remedy: string;
}

/** The problems of one subject, in the order of the table. */
export function problemsOf(subject: keyof typeof checkedSubjects): readonly DescribedProblem[] {
  const all = Object.entries(checkProblems) as [ProblemName, (typeof checkProblems)[ProblemName]][];
  return all
    .filter(([, problem]) => problem.subject === subject)
    .map(([name, { level, cause, remedy }]) => ({
      name,
      level,
      cause,
      // What is found stands in capitals, as in a synopsis.
      remedy: remedy.replaceAll(/\{(\w+)\}/g, (_whole, word: string) => word.toUpperCase()),
    }));
}

export const subjects = Object.keys(checkedSubjects) as readonly (keyof typeof checkedSubjects)[];

const begin = '<!-- problems: begin; made from the program by `npm run docs` -->\n';
const end = '<!-- problems: end -->\n';

/** docs/check.md, with its tables made anew. */
export function checkDoc(present: string): string {
  const from = present.indexOf(begin);
  const to = present.indexOf(end);
  if (from < 0 || to < from) throw new Error('docs/check.md has lost its markers');
  const tables = subjects.map((subject) => {
    const rows = problemsOf(subject).map(
      ({ name, level, cause, remedy }) => `| \`${name}\` | ${level} | ${cell(cause)} | ${cell(remedy)} |`,
    );
    return [
      `### ${checkedSubjects[subject]}`,
      '',
      '| Problem | Level | What it means | What to do |',
      '|---|---|---|---|',
      ...rows,
      '',
      '',
    ].join('\n');
  });
  return `${present.slice(0, from)}${begin}\n${tables.join('')}${present.slice(to)}`;
}

/** Commands and names are full of characters that Markdown takes for its own. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*').replaceAll('_', '\\_');
}
