import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { ResponseError } from '../../../src/agentx/errors.ts';
import { checkAgentx } from '../../../src/check/agentx.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { startFakeMaster } from '../../fakes/fake-master.ts';
import { makeLabDirectory } from '../../lab/lab-directory.ts';

async function findings(path: string) {
  const flag = { key: 'agentx.address', option: '--agentx', text: `unix:${path}` };
  const { config } = await loadConfig({ file: undefined, env: {}, flags: [flag] });
  return (await checkAgentx(config, '1.2.3')).findings;
}

it('opens a session, tells how long the master has been up, and says good-bye', async () => {
  await using master = await startFakeMaster();
  master.sysUpTime = 12_345;
  expect((await findings(master.path))[0]).toEqual({
    level: 'ok',
    subject: 'agentx',
    text: `unix:${master.path}: the master accepts sessions (up for 123 s)`,
  });
  expect(await master.waitFor('close')).toMatchObject([{ sessionId: 1, reason: 5 }]);
  expect(master.received.map(({ kind }) => kind)).toEqual(['open', 'register', 'register', 'close']);
  expect(master.received[0]).toMatchObject({ description: 'libvirt-agentx 1.2.3 check' });
});

it('tells that the master refuses', async () => {
  await using master = await startFakeMaster();
  master.answer = () => ResponseError.openFailed;
  expect(await findings(master.path)).toMatchObject([
    { level: 'fail', problem: 'agentx-refused', text: 'the master refused Open: openFailed' },
  ]);
});

it('tells that something else listens there', async () => {
  await using directory = await makeLabDirectory();
  const path = directory.file('other');
  const server = createServer((socket) =>
    socket.on('error', () => {}).write('SSH-2.0-OpenSSH_9.2 and more\r\n'),
  );
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
  try {
    expect(await findings(path)).toMatchObject([
      {
        level: 'fail',
        text: expect.stringContaining('the peer speaks AgentX version 83'),
        problem: 'agentx-not-a-master',
      },
    ]);
  } finally {
    server.close();
  }
});

it('tells a refusal of our subtrees from one that another subagent has', async () => {
  await using master = await startFakeMaster();
  master.answer = (pdu) => (pdu.kind === 'register' ? ResponseError.requestDenied : ResponseError.noError);
  expect((await findings(master.path)).slice(1)).toMatchObject([
    { level: 'fail', problem: 'subtree-refused' },
    { level: 'fail', problem: 'subtree-refused' },
  ]);
});
