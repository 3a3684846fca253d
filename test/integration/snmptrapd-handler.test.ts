import { chmod, readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { freeUdpPort } from '../lab/free-port.ts';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { mibDirectories, mibModules, repositoryPath } from '../lab/mib-path.ts';
import { run, startProcess } from '../lab/process.ts';
import { waitUntil } from '../lab/wait.ts';

const handler = `${repositoryPath}/contrib/snmptrapd/libvirt-trap`;
const example = `${repositoryPath}/contrib/snmptrapd/snmptrapd.conf.example`;

it('the handler logs each notification of the modules once, with the right priority', async () => {
  await using directory = await makeLabDirectory();
  const logPath = directory.file('log');
  // Takes the place of syslog.
  await writeFile(directory.file('bin', 'logger'), `#!/bin/sh\nprintf '%s\\n' "$*" >> ${logPath}\n`);
  await chmod(directory.file('bin', 'logger'), 0o755);
  const conf = (await readFile(example, 'utf8'))
    .replaceAll('/usr/local/lib/libvirt-agentx/libvirt-trap', handler)
    .replace('#authCommunity', 'authCommunity');
  await writeFile(directory.file('snmptrapd.conf'), conf);
  const address = `127.0.0.1:${await freeUdpPort()}`;
  const env = {
    SNMP_PERSISTENT_DIR: directory.directory('persistent'),
    SNMPCONFPATH: directory.path,
    PATH: `${directory.directory('bin')}:${process.env['PATH'] ?? ''}`,
  };
  const mibs = ['-M', mibDirectories, '-m', mibModules];
  await using _trapd = await startProcess({
    name: 'snmptrapd',
    command: 'snmptrapd',
    args: ['-f', '-Lo', '-C', '-c', directory.file('snmptrapd.conf'), ...mibs, `udp:${address}`],
    env,
    ready: (output) => output.includes('NET-SNMP version'),
  });
  const trap = (
    name: string,
    ...varBinds: readonly (readonly [oid: string, type: string, value: string])[]
  ) => run('snmptrap', [...mibs, '-v2c', '-c', 'public', address, '', name, ...varBinds.flat()], { env });

  await trap(
    'LIBVIRT-EXT-MIB::lveDomainStateChange',
    ['LIBVIRT-EXT-MIB::lveDomName.3', 's', 'wéb "1"'],
    ['LIBVIRT-EXT-MIB::lveDomStateText.3', 's', 'paused (I/O error)'],
    ['LIBVIRT-EXT-MIB::lveDomSeverity.3', 'i', '3'],
  );
  await trap(
    'VM-MIB::vmShutdown',
    ['VM-MIB::vmName.3', 's', 'web'],
    ['VM-MIB::vmUUID.3', 'x', '10112233445566778899aabbccddeeff'],
    ['VM-MIB::vmOperState.3', 'i', '4'],
  );
  await trap('LIBVIRT-EXT-MIB::lveConnectionChange', ['LIBVIRT-EXT-MIB::lveNotifyConnUp.0', 'i', '2']);
  await trap('.1.3.6.1.6.3.1.1.5.1');

  const lines = await waitUntil(
    async () => {
      const all = (await readFile(logPath, 'utf8').catch(() => '')).trimEnd().split('\n');
      return all.length >= 3 ? all : undefined;
    },
    { what: 'three lines' },
  );
  expect([...lines].sort()).toEqual(
    [
      '-t libvirt-trap -p daemon.err -- lveDomainStateChange lveDomName=wéb "1" lveDomStateText=paused (I/O error) lveDomSeverity=failure',
      '-t libvirt-trap -p daemon.notice -- vmShutdown vmName=web vmUUID=10112233-4455-6677-8899-aabbccddeeff vmOperState=running',
      '-t libvirt-trap -p daemon.err -- lveConnectionChange lveNotifyConnUp=false',
    ].sort(),
  );
});
