import { expect, test } from 'vitest';
import type { NotificationMaster } from '../../../src/notify/notification-master.ts';
import { maxUnderWay } from '../../../src/notify/notification-master.ts';
import { SharedMaster } from '../../../src/notify/shared-master.ts';

const named = (name: string) => ({ name, trapOid: [1, 3, 6, 1], varbinds: [] });

/** A master that answers when it is told to. */
function slowMaster() {
  const sent: string[] = [];
  const answers: { readonly take: () => void; readonly refuse: () => void }[] = [];
  const master: NotificationMaster = {
    state: 'registered',
    isAsked: true,
    onStateChange: () => () => undefined,
    notify: ({ name }) =>
      new Promise((resolve, reject) => {
        sent.push(name);
        answers.push({ take: resolve, refuse: () => reject(new Error('refused')) });
      }),
  };
  return { master, sent, answers };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('several queues together have no more under way than one, and take turns', async () => {
  const { master, sent, answers } = slowMaster();
  const shared = new SharedMaster(master);
  const storm = Array.from({ length: maxUnderWay }, (_, at) => shared.notify(named(`storm ${at}`)));
  const other = shared.notify(named('other'));
  const later = shared.notify(named('storm later'));
  await settled();
  expect(sent).toHaveLength(maxUnderWay);
  // A refusal frees the place as well.
  answers[0]?.refuse();
  await expect(storm[0]).rejects.toThrow('refused');
  await settled();
  expect(sent.slice(maxUnderWay)).toEqual(['other']);
  answers[1]?.take();
  await settled();
  expect(sent.slice(maxUnderWay)).toEqual(['other', 'storm later']);
  for (const { take } of answers) take();
  await Promise.all([...storm.slice(1), other, later]);
});
