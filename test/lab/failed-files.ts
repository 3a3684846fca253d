import { failedFiles, readTestReport } from './test-report.ts';

/** Prints the files of a report of vitest's that failed, one a line. */
const [path = ''] = process.argv.slice(2);
const report = readTestReport(path);
for (const { name } of report === undefined ? [] : failedFiles(report)) console.log(name);
