import { copyFile, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { waitUntil } from '../../lab/wait.ts';
import { type Build, buildProgram, type Running, startCommand } from '../../support/command.ts';

let build: Build;
let directory = '';
let agent: Running | undefined;

beforeAll(async () => {
  build = await buildProgram();
});

afterAll(() => build.remove());

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lverun-'));
});

afterEach(async () => {
  agent?.process.kill('SIGKILL');
  await agent?.finished;
  await rm(directory, { recursive: true });
});

/** Starts an agent whose peers are not there, which is no reason not to run. */
async function start(content = ''): Promise<Running> {
  const file = join(directory, 'agent.toml');
  await writeFile(file, content);
  agent = await startWith(file, '--state-dir', join(directory, 'state'));
  return agent;
}

async function startWith(file: string, ...more: readonly string[]): Promise<Running> {
  const uri = `qemu+unix:///system?socket=${join(directory, 'no-libvirt')}`;
  const master = `unix:${directory}/no-master`;
  const settings = ['--uri', uri, '--agentx', master, '--log-format', 'json', ...more];
  const running = startCommand(build, ['run', '--config', file, ...settings]);
  await running.untilLogged('libvirt-agentx started');
  return running;
}

/** The log as objects. */
function entries(stderr: string): readonly Record<string, unknown>[] {
  return stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

it.each(['SIGTERM', 'SIGINT'] as const)('stops tidily on %s', async (signal) => {
  const running = await start();
  running.process.kill(signal);
  const { exitCode, stdout, stderr } = await running.finished;
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
  expect(entries(stderr).at(-1)).toMatchObject({ level: 'info', msg: 'stopped' });
});

it('ends where a SIGHUP comes while it stops', async () => {
  const running = await start();
  running.process.kill('SIGTERM');
  running.process.kill('SIGHUP');
  const { exitCode, stderr } = await running.finished;
  expect(exitCode).toBe(0);
  expect(entries(stderr).filter(({ msg }) => msg === 'libvirt-agentx started')).toHaveLength(1);
});

it('keeps the old configuration where the new one is not valid, and takes a valid one', async () => {
  const running = await start();
  const file = join(directory, 'agent.toml');
  await writeFile(file, '[collect]\nretention = -1\n[log]\nlevl = "debug"\n');
  running.process.kill('SIGHUP');
  await running.untilLogged('the old one stays in force');
  await writeFile(file, '[log]\nlevel = "debug"\n');
  running.process.kill('SIGHUP');
  await running.untilLogged('configuration reloaded');
  running.process.kill('SIGTERM');
  const { exitCode, stderr } = await running.finished;
  expect(exitCode).toBe(0);
  const errors = entries(stderr).filter(({ level }) => level === 'error');
  expect(errors).toMatchObject([
    { key: 'collect.retention', msg: expect.stringContaining(`${file}:2: collect.retention: must be`) },
    { key: 'log.levl', msg: expect.stringContaining('did you mean "log.level"?') },
    { problems: 2 },
  ]);
});

it('keeps the old configuration where the new one meets another agent, and the notifications that wait', async () => {
  const other = await start();
  const file = join(directory, 'second.toml');
  const stateAt = (name: string): string => `[state]\ndirectory = "${join(directory, name)}"\n`;
  await writeFile(file, stateAt('own'));
  const running = await startWith(file);
  try {
    await writeFile(file, `${stateAt('state')}[mib]\nvm_mib = false\n`);
    running.process.kill('SIGHUP');
    await running.untilLogged('could not be put into effect');
    running.process.kill('SIGTERM');
    const { exitCode, stderr } = await running.finished;
    expect(exitCode).toBe(0);
    const logged = entries(stderr);
    expect(logged.find(({ level }) => level === 'error')).toMatchObject({
      error: expect.stringContaining(`is in use by process ${other.process.pid}`),
      remedy: expect.stringContaining(`Stop process ${other.process.pid}`),
    });
    // None was dropped for the sake of a configuration that did not come into effect.
    const left = (msg: unknown): boolean =>
      String(msg).startsWith('the master has not taken all notifications');
    expect(logged.filter(({ msg }) => left(msg))).toMatchObject([
      { msg: expect.stringContaining('they leave after the next start') },
    ]);
  } finally {
    running.process.kill('SIGKILL');
    await running.finished;
  }
});

it('goes on with the other hypervisors where one can start with neither configuration, and tries it again', async () => {
  const other = await start();
  const file = join(directory, 'second.toml');
  const contentWith = (interval: number): string =>
    [
      `state.directory = "${join(directory, 'own')}"`,
      `agentx.address = "unix:${directory}/no-master"`,
      `collect.interval = ${interval}`,
      ...['a', 'b'].map(
        (name) => `[[hypervisors]]\nname = "${name}"\nuri = "qemu+unix:///system?socket=${directory}/none"`,
      ),
    ].join('\n');
  await writeFile(file, contentWith(10));
  const running = startCommand(build, ['run', '--config', file, '--log-format', 'json']);
  try {
    await running.untilLogged('"hypervisor":"a"');
    const lock = join(directory, 'own/hypervisors/a/lock');
    await copyFile(join(directory, 'state/lock'), lock);
    await writeFile(file, contentWith(20));
    running.process.kill('SIGHUP');
    await running.untilLogged('could not be put into effect');
    await unlink(lock);
    running.process.kill('SIGHUP');
    await running.untilLogged('configuration reloaded');
    running.process.kill('SIGTERM');
    const { exitCode, stderr } = await running.finished;
    expect(exitCode).toBe(0);
    const logged = entries(stderr);
    expect(logged.filter(({ level }) => level === 'error')).toMatchObject([
      {
        error: expect.stringContaining(`hypervisors/a is in use by process ${other.process.pid}`),
        msg: expect.stringContaining('could not be started again'),
      },
      { msg: expect.stringContaining('could not be put into effect') },
    ]);
    // The other one was stopped and started for each configuration in turn: the first, the old again, the second.
    const started = logged.filter(({ msg }) => msg === 'libvirt-agentx started');
    expect(started.filter(({ hypervisor }) => hypervisor === 'a')).toHaveLength(2);
    expect(started.filter(({ hypervisor }) => hypervisor === 'b').length).toBeGreaterThanOrEqual(3);
  } finally {
    running.process.kill('SIGKILL');
    await running.finished;
  }
});

it('names components and logs each of them once per line', async () => {
  const running = await start();
  await running.untilLogged('"component":"agentx"');
  running.process.kill('SIGTERM');
  const { stderr } = await running.finished;
  for (const line of stderr.split('\n')) expect(line.match(/"component":/g)?.length ?? 0).toBeLessThan(2);
});

it('lives through a SIGHUP that comes while the program is being loaded', async () => {
  const file = join(directory, 'agent.toml');
  await writeFile(file, '');
  const uri = `qemu+unix:///system?socket=${join(directory, 'no-libvirt')}`;
  const settings = ['--uri', uri, '--agentx', `unix:${directory}/no-master`, '--state-dir', directory];
  agent = startCommand(build, ['run', '--config', file, ...settings, '--log-format', 'json']);
  const { process: child } = agent;
  const caught = (): Promise<boolean> => readFile(`/proc/${child.pid}/status`, 'utf8').then(catchesHangUp);
  await waitUntil(caught, { what: 'the first line of the program', intervalMs: 1 });
  child.kill('SIGHUP');
  await agent.untilLogged('libvirt-agentx started');
  child.kill('SIGTERM');
  expect(await agent.finished).toMatchObject({ exitCode: 0 });
});

/** Bit 0 of SigCgt (proc_pid_status(5)) is signal 1. */
function catchesHangUp(status: string): boolean {
  const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return (Number.parseInt(mask.slice(-1), 16) & 1) === 1;
}
