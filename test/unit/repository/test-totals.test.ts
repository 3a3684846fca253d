import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runAnyway } from '../../lab/process.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'test-totals-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

type Statuses = Readonly<Record<string, readonly string[]>>;

async function report(name: string, files: Statuses): Promise<string> {
  const path = join(directory, name);
  const testResults = Object.entries(files).map(([file, statuses]) => ({
    name: join(process.cwd(), file),
    status: statuses.length === 0 || statuses.includes('failed') ? 'failed' : 'passed',
    assertionResults: statuses.map((status, at) => ({ fullName: `test ${at}`, status })),
  }));
  await writeFile(path, JSON.stringify({ testResults }));
  return path;
}

const runScript = (script: string, path: string) =>
  runAnyway(process.execPath, ['--import', 'tsx', `test/lab/${script}.ts`, path]);

describe('the totals of a test run', () => {
  it('count what failed, and files that failed as a whole', async () => {
    const path = await report('a.json', { 'a.ts': ['passed', 'failed', 'pending'], 'b.ts': [] });
    expect(await runScript('test-totals', path)).toMatchObject({
      code: 1,
      stdout: '1 passed, 2 failed, 1 skipped\n',
    });
    expect((await runScript('failed-files', path)).stdout).toBe(
      `${process.cwd()}/a.ts\n${process.cwd()}/b.ts\n`,
    );
  });

  it('count a report that is missing as a failure', async () => {
    expect(await runScript('test-totals', join(directory, 'none.json'))).toMatchObject({
      code: 1,
      stdout: '0 passed, 1 failed\n',
    });
  });

  it('name what passed only the second time', async () => {
    const path = await report('a.json', { 'a.ts': ['passed', 'failed'], 'b.ts': [], 'c.ts': ['passed'] });
    await report('a-again.json', { 'a.ts': ['passed', 'passed'], 'b.ts': ['passed'] });
    const totals = [
      'passed only when run again: a.ts > test 1',
      'passed only when run again: b.ts > (as a whole)',
    ];
    expect(await runScript('test-totals', path)).toMatchObject({
      code: 0,
      stdout: `${totals.join('\n')}\n4 passed, 0 failed, 2 only when run again\n`,
    });
  });

  it('do not forgive what failed twice, nor what did not run again', async () => {
    const path = await report('a.json', { 'a.ts': ['failed'], 'b.ts': ['failed'], 'c.ts': ['passed'] });
    await report('a-again.json', { 'a.ts': ['failed'] });
    expect(await runScript('test-totals', path)).toMatchObject({ code: 1, stdout: '1 passed, 2 failed\n' });
  });
});
