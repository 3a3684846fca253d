import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ResponseError } from '../../../src/agentx/errors.ts';
import { AgentxSubagent } from '../../../src/agentx/subagent.ts';
import { silentLogger } from '../../../src/log.ts';
import { startFakeMaster } from '../../fakes/fake-master.ts';
import { makeLabDirectory } from '../../lab/lab-directory.ts';
import { waitUntil } from '../../lab/wait.ts';
import { scalar, syntheticTree } from '../../support/synthetic-tree.ts';

const root = [1, 3, 6, 1, 4, 1, 8072, 9999, 9999];

function startSubagent(path: string): AgentxSubagent {
  const subagent = new AgentxSubagent({
    address: { kind: 'unix', path },
    description: 'test',
    regions: [{ oid: root, name: 'TEST-MIB' }],
    capabilities: [],
    logger: silentLogger,
  });
  subagent.setTree(syntheticTree([scalar([...root, 1, 1], 'Integer32', 1)]));
  subagent.start(new AbortController().signal);
  return subagent;
}

describe('the end of a session', () => {
  it('that never opened closes its connection too', async () => {
    const directory = await makeLabDirectory();
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket.resume())).listen(directory.file('master'));
    await once(server, 'listening');
    const subagent = startSubagent(directory.file('master'));
    const socket = await waitUntil(() => sockets.find(({ bytesRead }) => bytesRead > 0), {
      what: 'an Open PDU',
      intervalMs: 5,
    });
    const closed = once(socket, 'close');
    await subagent.stop();
    await closed;
    expect(subagent.state).toBe('stopped');
    server.close();
    await directory.remove();
  });

  it('comes at once when the master says that it knows the session no more', async () => {
    await using master = await startFakeMaster();
    let forgotten = true;
    master.answer = (pdu) => {
      if (pdu.kind !== 'register' || !forgotten) return ResponseError.noError;
      forgotten = false;
      return ResponseError.notOpen;
    };
    const subagent = startSubagent(master.path);
    await waitUntil(() => subagent.state === 'registered', { what: 'registration', intervalMs: 5 });
    expect(subagent.counters.sessions).toBe(2);
    await subagent.stop();
  });
});
