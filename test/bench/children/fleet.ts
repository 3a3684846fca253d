import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { FakeLibvirtd } from '../../fakes/fake-libvirtd.ts';

/*
 * tsx test/bench/children/fleet.ts --domains 1000: a daemon of synthetic domains as a process of its own. Prints its
 * URI. A line `suspend 12` or `resume 12` on standard input changes that domain and emits the event; the moment,
 * in nanoseconds of the monotonic clock, is printed.
 */

/** virDomainState and virDomainEventType with the detail that goes with it. */
const commands: Readonly<Record<string, { readonly state: number; readonly event: number }>> = {
  suspend: { state: 3, event: 3 },
  resume: { state: 1, event: 4 },
};

const { values } = parseArgs({ options: { domains: { type: 'string', default: '1000' } } });
const daemon = await FakeLibvirtd.start({ domains: Number(values.domains), vcpus: 4, disks: 2, nics: 2 });
for (const domain of daemon.domains.values()) domain.prepare();
process.stdout.write(`${daemon.uri}\n`);
process.once('SIGTERM', () => void daemon.close().then(() => process.exit(0)));

createInterface({ input: process.stdin }).on('line', (line) => {
  const [name = '', number] = line.split(' ');
  const command = commands[name];
  if (command === undefined) return;
  const domain = daemon.domain(Number(number));
  domain.state = command.state;
  const atNs = process.hrtime.bigint();
  daemon.emitLifecycle(domain, command.event);
  process.stdout.write(`at ${atNs}\n`);
});
