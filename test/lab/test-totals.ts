import { relative } from 'node:path';
import { failedFiles, failuresOf, readTestReport, withSecondRun } from './test-report.ts';

/**
 * Adds up reports of vitest's JSON reporter, which are given as arguments, and prints one line. A file that could not
 * be loaded and a report that is missing count as a failure each. Where failed files ran once more, PROJECT-again.json
 * beside PROJECT.json, that is what counts, and what failed the first time is named.
 */
let passed = 0;
let failed = 0;
let skipped = 0;
let unsteady = 0;
for (const path of process.argv.slice(2)) {
  const first = readTestReport(path);
  if (first === undefined) {
    failed += 1;
    continue;
  }
  const second = readTestReport(path.replace(/\.json$/, '-again.json'));
  const report = second === undefined ? first : withSecondRun(first, second);
  const stillFailed = new Set(failedFiles(report).map(({ name }) => name));
  for (const file of report.testResults) {
    for (const { status } of file.assertionResults) {
      if (status === 'passed') passed += 1;
      else if (status !== 'failed') skipped += 1;
    }
    if (stillFailed.has(file.name)) failed += failuresOf(file).length;
  }
  for (const file of failedFiles(first)) {
    if (stillFailed.has(file.name)) continue;
    for (const failure of failuresOf(file)) {
      unsteady += 1;
      console.log(`passed only when run again: ${relative(process.cwd(), file.name)} > ${failure}`);
    }
  }
}
const rest = [
  skipped > 0 ? `, ${skipped} skipped` : '',
  unsteady > 0 ? `, ${unsteady} only when run again` : '',
];
console.log(`${passed} passed, ${failed} failed${rest.join('')}`);
if (failed > 0) process.exitCode = 1;
