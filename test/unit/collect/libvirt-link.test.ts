import { expect, it } from 'vitest';
import { LibvirtLink } from '../../../src/collect/libvirt-link.ts';
import { defaultSaslSettings } from '../../../src/libvirt/sasl/credentials.ts';
import { parseLibvirtUri } from '../../../src/libvirt/uri.ts';
import { silentLogger } from '../../../src/log.ts';
import type { ConnState } from '../../../src/model/agent.ts';
import { FakeLibvirtd, type FakeLibvirtdOptions } from '../../fakes/fake-libvirtd.ts';
import { waitUntil } from '../../lab/wait.ts';

/** The states of a link to such a daemon, until one of them is told. */
async function statesUntil(
  last: ConnState,
  options: FakeLibvirtdOptions,
  prepare: (daemon: FakeLibvirtd) => void = () => undefined,
  isEnough: (daemon: FakeLibvirtd) => boolean = () => true,
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
    work: (_session, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      }),
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
