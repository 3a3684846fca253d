import { expect, test } from 'vitest';
import { configSchema } from '../../src/config/config.ts';
import { hypervisorConfigs } from '../../src/config/hypervisor-configs.ts';
import { FaceSet } from '../../src/face-set.ts';
import { silentLogger } from '../../src/log.ts';

const waiting = {
  at: 0,
  content: { name: 'lveNotificationTest', values: { lveNotifyTestText: { value: 'it waits' } } },
  seqs: [],
  domainIndexes: [],
  family: '',
};

test('what waits for the master, and what was counted, outlives another root', async () => {
  const faces = new FaceSet({ logger: silentLogger, version: '0' });
  const outletUnder = async (root: string) => {
    const config = configSchema.parse({ agentx: { enabled: false }, mib: { root } });
    return (await faces.open(config, hypervisorConfigs(config))).outlets.get('');
  };
  const before = await outletUnder('1.3.6.1.4.1.8072.9999.9999.16514');
  before?.queue?.push(waiting);
  const after = await outletUnder('1.3.6.1.4.1.99999.1');
  expect(after?.mib.modules).not.toEqual(before?.mib.modules);
  expect(after?.queue?.left).toMatchObject([{ content: waiting.content }]);
  expect(after?.queue?.counters).toBe(before?.queue?.counters);
  expect(faces.untaken).toBe(1);
  await faces.stop();
});
