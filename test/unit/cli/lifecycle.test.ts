import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
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
  await isLocked('state');
  return agent;
}

/** An agent says that it has started before it has the lock of its state directory. */
async function isLocked(name: string): Promise<void> {
  await waitUntil(() => existsSync(join(directory, name, 'lock')), { what: `the lock of ${name}` });
}

async function startWith(file: string, ...more: readonly string[]): Promise<Running> {
  return await startIn({}, file, ...more);
}

async function startIn(
  environment: Readonly<Record<string, string>>,
  file: string,
  ...more: readonly string[]
): Promise<Running> {
  const uri = `qemu+unix:///system?socket=${join(directory, 'no-libvirt')}`;
  const master = `unix:${directory}/no-master`;
  const settings = ['--uri', uri, '--agentx', master, '--log-format', 'json', ...more];
  const running = startCommand(build, ['run', '--config', file, ...settings], environment);
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

/** Settings of two hypervisors that are not there, of which one differs. */
function listWith(interval: number): string {
  return [
    `state.directory = "${join(directory, 'own')}"`,
    `agentx.address = "unix:${directory}/no-master"`,
    ...[10, interval].map(
      (each, at) =>
        `[[hypervisors]]\nname = "${at === 0 ? 'b' : 'a'}"\nuri = "qemu+unix:///system?socket=${directory}/none"\ncollect.interval = ${each}`,
    ),
  ].join('\n');
}

/** Has another agent use the state directory of one of them. */
async function occupied(name: string): Promise<{ readonly lock: string; readonly by: number | undefined }> {
  const other = await start();
  const place = join(directory, 'own/hypervisors', name);
  await mkdir(place, { recursive: true });
  await copyFile(join(directory, 'state/lock'), join(place, 'lock'));
  return { lock: join(place, 'lock'), by: other.process.pid };
}

it('goes on with the others where one of several hypervisors cannot be started, and tries that again', async () => {
  const { lock, by } = await occupied('a');
  const file = join(directory, 'several.toml');
  await writeFile(file, listWith(10));
  const running = startCommand(build, ['run', '--config', file, '--log-format', 'json']);
  try {
    await running.untilLogged('the others go on');
    await running.untilLogged('"hypervisor":"b","uri"');
    // The new settings of the one are in effect as far as they can be; the other goes on undisturbed.
    await writeFile(file, listWith(20));
    running.process.kill('SIGHUP');
    await running.untilLogged('configuration reloaded');
    await unlink(lock);
    await writeFile(file, listWith(30));
    running.process.kill('SIGHUP');
    await running.untilLogged('"hypervisor":"a","uri"');
    running.process.kill('SIGTERM');
    const { exitCode, stderr } = await running.finished;
    expect(exitCode).toBe(0);
    const logged = entries(stderr);
    const stalled = {
      hypervisor: 'a',
      error: expect.stringContaining(`hypervisors/a is in use by process ${by}`),
      remedy: expect.stringContaining(`Stop process ${by}`),
      msg: 'a hypervisor cannot be started; the others go on, and it is tried again',
    };
    expect(logged.filter(({ level }) => level === 'error')).toMatchObject([stalled, stalled]);
    const started = logged.filter(({ msg }) => msg === 'libvirt-agentx started');
    expect(started.map(({ hypervisor }) => hypervisor)).toEqual(['b', 'a']);
  } finally {
    running.process.kill('SIGKILL');
    await running.finished;
  }
});

it('ends with 78 where none of several hypervisors can be started', async () => {
  const { by } = await occupied('a');
  await mkdir(join(directory, 'own/hypervisors/b'));
  await copyFile(join(directory, 'state/lock'), join(directory, 'own/hypervisors/b/lock'));
  const file = join(directory, 'several.toml');
  await writeFile(file, listWith(10));
  const running = startCommand(build, ['run', '--config', file, '--log-format', 'json']);
  const { exitCode, stderr } = await running.finished;
  expect(exitCode).toBe(78);
  expect(stderr).toMatch(new RegExp(`hypervisors/[ab] is in use by process ${by}\\nStop process ${by}`));
});

it('ends with 78 where the only hypervisor can start with neither configuration', async () => {
  const other = await start();
  const file = join(directory, 'second.toml');
  const stateAt = (name: string): string => `[state]\ndirectory = "${join(directory, name)}"\n`;
  await writeFile(file, stateAt('own'));
  const running = await startWith(file);
  try {
    // As if somebody had taken it while this agent had given it back.
    await isLocked('own');
    await copyFile(join(directory, 'state/lock'), join(directory, 'own/lock'));
    await writeFile(file, stateAt('state'));
    running.process.kill('SIGHUP');
    const { exitCode, stderr } = await running.finished;
    expect(exitCode).toBe(78);
    const { pid } = other.process;
    expect(entries(stderr).at(-1)).toMatchObject({
      level: 'error',
      error: `the new one: ${directory}/state is in use by process ${pid}; the old one: ${directory}/own is in use by process ${pid}`,
      remedy: expect.stringContaining(`Stop process ${pid}`),
      msg: 'neither the new configuration nor the old one can be put into effect: the agent ends',
    });
  } finally {
    running.process.kill('SIGKILL');
    await running.finished;
  }
});

it('tells systemd that it is ready, reloads, lives and stops, by systemd-notify (a fake that writes down what it is told)', async () => {
  const told = join(directory, 'told');
  const fake = join(directory, 'systemd-notify');
  // A datagram socket, which the real one writes to, cannot be read by Node.js.
  await writeFile(fake, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${told}\n`, { mode: 0o755 });
  const file = join(directory, 'agent.toml');
  await writeFile(file, '');
  const environment = {
    PATH: `${directory}:${process.env['PATH']}`,
    NOTIFY_SOCKET: '/run/of/systemd',
    WATCHDOG_USEC: '300000',
  };
  agent = await startIn(environment, file, '--state-dir', join(directory, 'state'));
  const lines = async (): Promise<string[]> => (await readFile(told, 'utf8')).split('\n');
  const until = (what: string, count = 1): Promise<unknown> =>
    waitUntil(async () => (await lines()).filter((line) => line.includes(what)).length >= count, { what });
  await until('READY=1 STATUS=');
  await until('STATUS=libvirt is not connected; snmpd is not connected');
  await until('WATCHDOG=1', 2);
  agent.process.kill('SIGHUP');
  await until('READY=1', 2);
  agent.process.kill('SIGTERM');
  expect(await agent.finished).toMatchObject({ exitCode: 0 });
  await until('STOPPING=1');
  const said = (await lines()).filter(
    (line) => line !== '' && !/WATCHDOG=1|\/run\/of\/systemd STATUS=/.test(line),
  );
  expect(said).toEqual([
    expect.stringMatching(/^\/run\/of\/systemd READY=1 STATUS=/),
    expect.stringMatching(/^\/run\/of\/systemd RELOADING=1 MONOTONIC_USEC=\d+$/),
    expect.stringMatching(/^\/run\/of\/systemd READY=1 STATUS=/),
    '/run/of/systemd STOPPING=1 STATUS=stopping',
  ]);
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
