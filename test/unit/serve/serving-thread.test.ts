import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { ImageFeed } from '../../../src/image/image-feed.ts';
import type { Logger } from '../../../src/log.ts';
import { ServedMib } from '../../../src/mib/served-mib.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import type { ServingOptions, ToServing } from '../../../src/serve/messages.ts';
import { Server } from '../../../src/serve/server.ts';
import { type ServingPeer, ServingThread } from '../../../src/serve/serving-thread.ts';
import type { BoundTree } from '../../../src/tree/bound-tree.ts';
import { type FakeMaster, startFakeMaster } from '../../fakes/fake-master.ts';
import { waitUntil } from '../../lab/wait.ts';
import { recordingLogger } from '../../support/recording-logger.ts';
import { sampleDomain, sampleEmptySnapshot, sampleSnapshot } from '../../support/sample-snapshot.ts';

// Both halves, with a real message channel in between and a master that speaks bytes. That the other half is
// a thread is shown by the program's own tests.

const mib = new ServedMib({ vmMib: true });
const root = mib.modules[0]?.oid ?? [];
const nameOf = (index: number) => [...root, 1, 3, 1, 1, 2, index];
const notifyEnable = [...root, 1, 14, 1, 0];
let packetId = 100;

/** A message channel as a thread: it ends when the other side closes. */
function onChannel(sent: ToServing['kind'][] = []) {
  return (options: ServingOptions): ServingPeer => {
    const { port1, port2 } = new MessageChannel();
    new Server(port2, structuredClone(options));
    port1.on('close', () =>
      (port1 as MessagePort & { emit(type: string, code: number): void }).emit('exit', 0),
    );
    const post = port1.postMessage.bind(port1);
    port1.postMessage = (message: ToServing) => {
      sent.push(message.kind);
      post(message);
    };
    return port1 as unknown as ServingPeer;
  };
}

function start(master: FakeMaster, parts: { logger?: Logger; sent?: ToServing['kind'][] } = {}) {
  const switched: [string, boolean][] = [];
  const images = new ImageFeed(mib.slots, () => undefined);
  const thread = new ServingThread(
    {
      subagent: {
        address: { kind: 'unix', path: master.path },
        description: 'test',
        priority: 127,
        tellsAsked: true,
      },
      logger: parts.logger ?? recordingLogger().logger,
    },
    onChannel(parts.sent),
  );
  const scope = thread.serve({
    images,
    contexts: [''],
    regions: [{ oid: root, name: 'LIBVIRT-EXT-MIB' }],
    capabilities: [],
    onlyInDefault: [],
    onSwitch: (name, value) => switched.push([name, value]),
  });
  const setTree = (tree: BoundTree): void => images.push(tree, scope.switchesSeen);
  return { thread, switched, setTree };
}

const registered = (thread: ServingThread) =>
  waitUntil(() => thread.state === 'registered', { what: 'registration', intervalMs: 5 });

const named = (name: string): Snapshot => sampleEmptySnapshot({ domains: [sampleDomain({ name })] });

async function get(master: FakeMaster, oid: readonly number[]): Promise<unknown> {
  packetId += 1;
  const ranges = [{ start: oid, include: false, end: [] }];
  const { varBinds } = await master.ask({ kind: 'get', sessionId: 1, transactionId: 1, packetId, ranges });
  const value = varBinds[0]?.value;
  return value instanceof Uint8Array ? Buffer.from(value).toString() : value;
}

test('serves the last of the trees that came while one was on its way', async () => {
  await using master = await startFakeMaster();
  const sent: ToServing['kind'][] = [];
  const { thread, setTree } = start(master, { sent });
  let tree = mib.buildTree(named('step 0'));
  for (let step = 0; step < 10; step++) {
    tree = mib.buildTree(named(`step ${step}`), tree);
    setTree(tree);
  }
  await registered(thread);
  await waitUntil(async () => (await get(master, nameOf(1))) === 'step 9', { what: 'the last tree' });
  expect(sent).toEqual(['scope', 'image', 'image']);
  await thread.stop();
  expect((await master.waitFor('close'))[0]).toMatchObject({ reason: 5 });
});

test('hands a SET over, and shows it before it has taken effect', async () => {
  await using master = await startFakeMaster();
  const { thread, switched, setTree } = start(master);
  setTree(mib.buildTree(sampleSnapshot()));
  await registered(thread);
  expect(await get(master, notifyEnable)).toBe(1);
  const set = { sessionId: 1, transactionId: 9 };
  const varBinds = [{ oid: notifyEnable, syntax: 'Integer32', value: 2 } as const];
  expect(await master.ask({ kind: 'testSet', ...set, packetId: 1, varBinds })).toMatchObject({ error: 0 });
  expect(await master.ask({ kind: 'commitSet', ...set, packetId: 2 })).toMatchObject({ error: 0 });
  expect(await get(master, notifyEnable)).toBe(2);
  await waitUntil(() => switched.length > 0, { what: 'the switch' });
  expect(switched).toEqual([['lveNotifyEnable', false]]);
  // The next tree says what has become of it.
  setTree(mib.buildTree(sampleSnapshot()));
  await waitUntil(async () => (await get(master, notifyEnable)) === 1, { what: 'the next tree' });
  await thread.stop();
});

test('sends notifications, and tells how they fared', async () => {
  await using master = await startFakeMaster();
  const { thread, setTree } = start(master);
  const notification = { name: 'test', trapOid: [1, 3, 6, 1], varbinds: [] };
  await expect(thread.notify(notification)).rejects.toThrow('there is no session');
  setTree(mib.buildTree(sampleSnapshot()));
  await registered(thread);
  await thread.notify(notification);
  expect(await master.waitFor('notify')).toHaveLength(1);
  master.answer = () => 267;
  await expect(thread.notify(notification)).rejects.toMatchObject({ resErrorName: 'requestDenied' });
  master.answer = (pdu) => (pdu.kind === 'notify' ? undefined : 0);
  const lost = expect(thread.notify(notification)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  await master.waitFor('notify', 3);
  master.drop();
  await lost;
  await thread.stop();
  // Nobody is there any more to answer.
  await expect(thread.notify(notification)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
});

test('hands log lines and states over', async () => {
  await using master = await startFakeMaster();
  const { logger, lines } = recordingLogger();
  const { thread, setTree } = start(master, { logger });
  const states: string[] = [];
  thread.onStateChange((state) => states.push(state));
  setTree(mib.buildTree(sampleSnapshot()));
  await registered(thread);
  await thread.stop();
  expect(states).toEqual(['connecting', 'open', 'registered', 'stopped']);
  expect(lines.map(({ level, message }) => `${level}: ${message}`)).toContain(
    'info: session with the AgentX master opened',
  );
});

test('answers a ping, and after the end of the thread it is of no use to wait for one', async () => {
  await using master = await startFakeMaster();
  const { thread } = start(master);
  await thread.ping();
  const stopped = thread.stop();
  await Promise.all([thread.ping(), stopped]);
  await thread.ping();
});
