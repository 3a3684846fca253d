import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LibvirtLink } from '../../../src/collect/libvirt-link.ts';
import { ConnectionLostError } from '../../../src/errors.ts';
import { defaultSaslSettings } from '../../../src/libvirt/sasl/credentials.ts';
import { parseLibvirtUri } from '../../../src/libvirt/uri.ts';
import { XdrWriter } from '../../../src/libvirt/xdr.ts';
import { silentLogger } from '../../../src/log.ts';
import type { ConnState } from '../../../src/model/agent.ts';
import { FakeLibvirtd, type FakeLibvirtdOptions } from '../../fakes/fake-libvirtd.ts';
import { waitUntil } from '../../lab/wait.ts';
import { recordingLogger } from '../../support/recording-logger.ts';

/** Work that lasts until it is told to end, which may have happened before it began. */
function untilAborted(_session: unknown, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The states of a link to such a daemon, until one of them is told. */
async function statesUntil(
  last: ConnState,
  options: FakeLibvirtdOptions,
  prepare: (daemon: FakeLibvirtd) => void = () => undefined,
  isEnough: (daemon: FakeLibvirtd) => boolean = () => true,
  atEnd: () => void = () => undefined,
) {
  await using daemon = await FakeLibvirtd.start(options);
  prepare(daemon);
  const states: ConnState[] = [];
  const errors: unknown[] = [];
  const stop = new AbortController();
  const link = new LibvirtLink({
    target: parseLibvirtUri(daemon.uri),
    readWriteTarget: undefined,
    sasl: defaultSaslSettings,
    logger: silentLogger,
    onEvent: () => undefined,
    onSubscribed: () => undefined,
    onState: (_agent, state, error) => {
      states.push(state);
      errors.push(error);
    },
    work: async (session, signal) => {
      await untilAborted(session, signal);
      atEnd();
    },
  });
  const running = link.run(stop.signal);
  await waitUntil(() => states.includes(last) && isEnough(daemon), { what: last });
  stop.abort();
  await running;
  return { states, errors, calls: daemon.calls };
}

it('asks for the events that the daemon has, and no others', async () => {
  const poolEvents = 368;
  const { states, calls } = await statesUntil('connected', {}, undefined, (daemon) => {
    return daemon.callCount(poolEvents) === 2;
  });
  expect(states.slice(0, 2)).toEqual(['connecting', 'connected']);
  // libvirt 9.0 has those from lifecycle to memoryDeviceSizeChange.
  expect(calls.get(316)).toBe(27);
});

it('tells a daemon that wants another authentication from one that is away', async () => {
  const { states, errors } = await statesUntil('authenticationFailed', { authTypes: [1] });
  expect(states).toEqual(['connecting', 'authenticationFailed']);
  expect(errors.at(-1)).toMatchObject({ remedy: expect.stringContaining('ssh') });
});

it('begins anew where the daemon behind the daemon was restarted', async () => {
  const { states } = await statesUntil('disconnected', {}, (daemon) => {
    const message = 'internal error: client socket is closed';
    daemon.inject({ procedure: 368, action: { type: 'error', code: 1, domain: 7, message } });
  });
  expect(states.at(-1)).toBe('disconnected');
});

it('tells why a connection ended, not what came of it', async () => {
  const { errors, states } = await statesUntil(
    'disconnected',
    {},
    (daemon) => {
      const greeted = waitUntil(() => daemon.callCount(368) === 2, { what: 'the last subscription' });
      void greeted.then(() => daemon.disconnectAll());
    },
    () => true,
    () => {
      throw new Error('not asked');
    },
  );
  expect(errors[states.indexOf('disconnected')]).toBeInstanceOf(ConnectionLostError);
});

it('a refused password is not shown again until there is another', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'link-'));
  const passwordFile = join(directory, 'password');
  await writeFile(passwordFile, 'wrong\n');
  await using daemon = await FakeLibvirtd.start({ authTypes: [1] });
  const offered = new XdrWriter();
  offered.string('PLAIN');
  daemon.inject({ procedure: 67, action: { type: 'payload', bytes: offered.finish() } });
  const lift = daemon.inject({ procedure: 68, action: { type: 'error', code: 45, message: 'no' } });
  const { logger, lines } = recordingLogger();
  const states: ConnState[] = [];
  const stop = new AbortController();
  const link = new LibvirtLink({
    target: parseLibvirtUri(daemon.uri),
    readWriteTarget: undefined,
    sasl: { ...defaultSaslSettings, user: 'fred', passwordFile },
    logger,
    onEvent: () => undefined,
    onSubscribed: () => undefined,
    onState: (_agent, state) => states.push(state),
    work: untilAborted,
  });
  const running = link.run(stop.signal);
  await waitUntil(() => states.includes('authenticationFailed'), { what: 'the refusal' });
  expect(daemon.callCount(68)).toBe(1);
  const warning = lines.find(({ level }) => level === 'warn');
  // Five minutes, but for what is left to chance.
  expect(warning?.['retryInSeconds']).toBeGreaterThan(280);
  expect(JSON.stringify(lines)).not.toContain('wrong');
  lift();
  const content = new XdrWriter();
  for (const value of [1, 1, 0]) content.u32(value);
  daemon.inject({ procedure: 68, action: { type: 'payload', bytes: content.finish() } });
  await writeFile(passwordFile, 'right\n');
  await waitUntil(() => states.includes('connected'), { what: 'the other password' });
  stop.abort();
  await running;
  await rm(directory, { recursive: true });
}, 120_000);
