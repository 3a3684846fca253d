import { parseArgs } from 'node:util';
import { FakeLibvirtd } from '../../fakes/fake-libvirtd.ts';

/*
 * tsx test/bench/children/fleets.ts --daemons 50 --domains 40: several daemons of synthetic domains in one process. Prints
 * their URIs, a line each, and then `ready`.
 */

const { values } = parseArgs({
  options: { daemons: { type: 'string', default: '50' }, domains: { type: 'string', default: '40' } },
});
const daemons = await Promise.all(
  Array.from({ length: Number(values.daemons) }, () =>
    FakeLibvirtd.start({ domains: Number(values.domains), vcpus: 4, disks: 2, nics: 2 }),
  ),
);
for (const daemon of daemons) {
  for (const domain of daemon.domains.values()) domain.prepare();
  process.stdout.write(`${daemon.uri}\n`);
}
process.stdout.write('ready\n');
process.once('SIGTERM', () => {
  void Promise.all(daemons.map((daemon) => daemon.close())).then(() => process.exit(0));
});
