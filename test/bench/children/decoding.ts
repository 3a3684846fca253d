import { parseArgs } from 'node:util';
import { silentLogger } from '../../../src/log.ts';
import { production } from '../production.ts';

/*
 * tsx test/bench/children/decoding.ts --uri URI --rounds 20: asks for all statistics of all domains as the agent does,
 * in small batches, decodes them and throws them away. Prints the CPU milliseconds of each round.
 */

const { values } = parseArgs({
  options: { uri: { type: 'string', default: '' }, rounds: { type: 'string', default: '20' } },
});
const { LibvirtConnection } =
  await production<typeof import('../../../src/libvirt/connection.ts')>('libvirt/connection');
const { connectGetAllDomainStats, connectListAllDomains } =
  await production<typeof import('../../../src/libvirt/procedures.ts')>('libvirt/procedures');
const { parseLibvirtUri } = await production<typeof import('../../../src/libvirt/uri.ts')>('libvirt/uri');

const batchSize = 20;
const callsInFlight = 2;
const warmUp = 10;
const options = { timeoutMs: 30_000 };

const target = parseLibvirtUri(values.uri, { readOnly: true });
const connection = await LibvirtConnection.open(target, { readOnly: true, logger: silentLogger });
const domains = await connection.call(connectListAllDomains, { flags: 0 }, options);
for (let round = 0; round < Number(values.rounds) + warmUp; round++) {
  const before = process.cpuUsage();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < domains.length) {
      const batch = domains.slice(next, next + batchSize);
      next += batchSize;
      await connection.call(connectGetAllDomainStats, { domains: batch, stats: 0, flags: 0 }, options);
    }
  };
  await Promise.all(Array.from({ length: callsInFlight }, worker));
  const { user, system } = process.cpuUsage(before);
  if (round >= warmUp) process.stdout.write(`${(user + system) / 1000}\n`);
}
await connection.close();
