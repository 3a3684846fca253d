import { readFileSync } from 'node:fs';

/**
 * Adds up the reports of vitest's JSON reporter that are given as arguments and prints one line. A file that could not
 * be loaded and a report that is missing count as a failure each.
 */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: ReadonlyArray<{
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }>;
}

let passed = 0;
let failed = 0;
let skipped = 0;
for (const path of process.argv.slice(2)) {
  const report = readReport(path);
  if (report === undefined) {
    failed += 1;
    continue;
  }
  passed += report.numPassedTests;
  failed += report.numFailedTests + report.testResults.filter(failedAsAWhole).length;
  skipped += report.numPendingTests + report.numTodoTests;
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
if (failed > 0) process.exitCode = 1;

/** A file that failed outside its tests: on loading or in a hook. */
function failedAsAWhole(file: Report['testResults'][number]): boolean {
  return file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed');
}

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}
