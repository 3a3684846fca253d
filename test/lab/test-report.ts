import { readFileSync } from 'node:fs';

/** What is read of the report that vitest's JSON reporter writes. */
export interface TestReport {
  readonly testResults: readonly TestFile[];
}

export interface TestFile {
  /** Its absolute path. */
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly TestResult[];
}

export interface TestResult {
  readonly fullName: string;
  readonly status: string;
}

/** undefined where there is none, or where it is cut off. */
export function readTestReport(path: string): TestReport | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as TestReport;
  } catch {
    return undefined;
  }
}

export function failedFiles(report: TestReport): readonly TestFile[] {
  return report.testResults.filter(({ status }) => status === 'failed');
}

/** Its failed tests by name; itself where it failed outside of them: on loading or in a hook. */
export function failuresOf(file: TestFile): readonly string[] {
  const failed = file.assertionResults.filter(({ status }) => status === 'failed');
  return failed.length > 0 ? failed.map(({ fullName }) => fullName) : ['(as a whole)'];
}

/** The report of a run whose failed files ran once more: theirs is the second one. */
export function withSecondRun(first: TestReport, second: TestReport): TestReport {
  const again = new Map(second.testResults.map((file) => [file.name, file]));
  return { testResults: first.testResults.map((file) => again.get(file.name) ?? file) };
}
