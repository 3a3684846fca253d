/** A subagent with one scalar as a process of its own. Argument: the master's address. Ends on SIGTERM. */
import { parseAgentxAddress } from '../../src/agentx/address.ts';
import { AgentxSubagent } from '../../src/agentx/subagent.ts';
import { silentLogger } from '../../src/log.ts';
import { scalar, syntheticTree } from './synthetic-tree.ts';

const root = [1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 4712];
const stopping = new AbortController();
const subagent = new AgentxSubagent({
  address: parseAgentxAddress(process.argv[2] ?? ''),
  description: 'synthetic',
  regions: [{ oid: root, name: 'synthetic' }],
  capabilities: [],
  logger: silentLogger,
});
subagent.onStateChange((state) => process.stdout.write(`${state}\n`));
subagent.setTree(syntheticTree([scalar([...root, 1], 'Integer32', 42)]));
subagent.start(stopping.signal);
process.once('SIGTERM', () => stopping.abort());
