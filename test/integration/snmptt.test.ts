import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { freeUdpPort } from '../lab/free-port.ts';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { mibDirectories, mibModules, repositoryPath } from '../lab/mib-path.ts';
import { run, startProcess } from '../lab/process.ts';
import { waitUntil } from '../lab/wait.ts';

const definitions = `${repositoryPath}/contrib/snmptt/libvirt-agentx.conf`;
const modules = ['-M', mibDirectories, '-m', mibModules];
const uuid = '10112233-4455-6677-8899-aabbccddeeff';

const unknownSize = '18446744073709551615';

function poolIsRunning(name: string, available: string, capacity: string): string[][] {
  return [
    ['LIBVIRT-EXT-MIB::lvePoolStateChange'],
    ['LIBVIRT-EXT-MIB::lvePoolName.1', 's', name],
    ['LIBVIRT-EXT-MIB::lvePoolState.1', 'i', '2'],
    ['LIBVIRT-EXT-MIB::lvePoolAvailable.1', 'C', available],
    ['LIBVIRT-EXT-MIB::lvePoolCapacity.1', 'C', capacity],
  ];
}

/** A notification, its EVENT's name in SNMPTT's log, and the line's severity and text. */
const notifications = [
  {
    trap: [
      ['LIBVIRT-EXT-MIB::lveDomainStateChange'],
      ['LIBVIRT-EXT-MIB::lveDomName.3', 's', 'web $7 (failure) 3'],
      ['LIBVIRT-EXT-MIB::lveDomUuid.3', 's', uuid],
      ['LIBVIRT-EXT-MIB::lveNotifyOldState.0', 'i', '1'],
      ['LIBVIRT-EXT-MIB::lveDomState.3', 'i', '3'],
      ['LIBVIRT-EXT-MIB::lveDomReason.3', 'u', '1'],
      ['LIBVIRT-EXT-MIB::lveDomStateText.3', 's', 'paused (user)'],
      ['LIBVIRT-EXT-MIB::lveDomSeverity.3', 'i', '2'],
    ],
    logged: /Warning "libvirt" \S+ - Domain web .*\(failure\) 3 is now paused \(user\), state before: /,
  },
  {
    trap: [
      ['LIBVIRT-EXT-MIB::lveConnectionChange'],
      ['LIBVIRT-EXT-MIB::lveConnUri.0', 's', 'qemu:///system'],
      ['LIBVIRT-EXT-MIB::lveConnState.0', 'i', '1'],
      ['LIBVIRT-EXT-MIB::lveNotifyConnUp.0', 'i', '2'],
      ['LIBVIRT-EXT-MIB::lveConnLastError.0', 's', 'true'],
    ],
    logged: /Critical "libvirt" \S+ - Connection to libvirt \(qemu:\/\/\/system\) is now \S+ true/,
  },
  {
    trap: poolIsRunning('known', '600', '1000'),
    logged: /Normal "libvirt" \S+ - Storage pool known is now \S+, 600 of 1000 bytes available$/m,
  },
  {
    trap: poolIsRunning('unknown', unknownSize, unknownSize),
    logged: /Normal "libvirt" \S+ - Storage pool unknown is now (2|running)$/m,
  },
  {
    trap: [
      ['VM-MIB::vmPaused'],
      ['VM-MIB::vmName.3', 's', 'db'],
      ['VM-MIB::vmUUID.3', 'x', uuid.replaceAll('-', '')],
      ['VM-MIB::vmOperState.3', 'i', '4'],
    ],
    logged: /Warning "libvirt" \S+ - Virtual machine db is paused, state before: (4|running)$/m,
  },
];

describe('contrib/snmptt, by SNMPTT itself', () => {
  it.each([
    ['without the modules', ['-OnU', '-m', '']],
    ['with the modules', ['-OnU', ...modules]],
  ])('has an EVENT for what a snmptrapd %s hands over', async (_how, loaded) => {
    await using directory = await makeLabDirectory();
    const logPath = directory.file('snmptt.log');
    const settings = {
      mode: 'standalone',
      log_enable: '1',
      log_file: logPath,
      syslog_enable: '0',
      syslog_system_enable: '0',
      // Needs a module that snmptt only recommends.
      ipv6_enable: '0',
    };
    const ini = Object.entries(settings)
      .reduce(
        (text, [key, value]) => text.replace(new RegExp(`^${key} *=.*$`, 'm'), () => `${key} = ${value}`),
        await readFile('/etc/snmp/snmptt.ini', 'utf8'),
      )
      .replace(
        /^snmptt_conf_files = <<END\n[\s\S]*?\nEND$/m,
        `snmptt_conf_files = <<END\n${definitions}\nEND`,
      );
    await writeFile(directory.file('snmptt.ini'), ini);
    const handler = `/usr/sbin/snmptt --ini=${directory.file('snmptt.ini')}`;
    const config = directory.file('snmptrapd.conf');
    await writeFile(config, `authCommunity log,execute public\ntraphandle default ${handler}\n`);
    const env = { SNMP_PERSISTENT_DIR: directory.directory('persistent'), SNMPCONFPATH: directory.path };
    const address = `127.0.0.1:${await freeUdpPort()}`;
    await using trapd = await startProcess({
      name: 'snmptrapd',
      command: 'snmptrapd',
      args: ['-f', '-Lo', '-C', '-c', config, ...loaded, `udp:${address}`],
      env,
      ready: (output) => output.includes('NET-SNMP version'),
    });

    for (const { trap } of notifications) {
      await run('snmptrap', [...modules, '-v2c', '-c', 'public', address, '', ...trap.flat()], { env });
    }
    const log = () => readFile(logPath, 'utf8').catch(() => '');
    await waitUntil(async () => (await log()).split('\n').length > notifications.length || undefined, {
      what: 'the lines of SNMPTT',
      context: () => trapd.output(),
    });
    const text = await log();
    for (const { logged } of notifications) expect(text).toMatch(logged);
  });
});
