import { expect, it } from 'vitest';
import { repositoryPath } from '../lab/mib-path.ts';
import { startProcess } from '../lab/process.ts';
import { startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';

const value = '1.3.6.1.4.1.8072.9999.9999.4712.1.0';

it('a subagent that stood still until the master gave it up comes back by itself, and leaves in order', async () => {
  await using snmpd = await startSnmpd({ agentxTimeoutSec: 1, agentxRetries: 0 });
  await using agent = await startProcess({
    name: 'subagent',
    command: process.execPath,
    args: ['--import', 'tsx', 'test/support/synthetic-agent.ts', snmpd.agentxAddress],
    cwd: repositoryPath,
    ready: (output) => output.includes('registered'),
  });
  const served = async () => (await snmpd.get(value))[0];
  expect(await served()).toMatchObject({ type: 'INTEGER', value: '42' });

  agent.signal('SIGSTOP');
  await expect(snmpd.get(value)).rejects.toThrow(/genErr|genError|general failure/i);
  expect(await served()).toMatchObject({ type: 'noSuchObject' });

  agent.signal('SIGCONT');
  await waitUntil(async () => (await served())?.value === '42', { what: 'the value' });
  expect(agent.stdout().trim().split('\n')).toEqual([
    'connecting',
    'open',
    'registered',
    'connecting',
    'open',
    'registered',
  ]);

  agent.signal('SIGTERM');
  expect(await agent.exited).toEqual({ code: 0, signal: undefined });
  expect(await served()).toMatchObject({ type: 'noSuchObject' });
});
