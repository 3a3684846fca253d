import { spawnSync } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeUdpPort } from '../lab/free-port.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { mibDirectories, mibModules, repositoryPath } from '../lab/mib-path.ts';
import { type RunningProcess, run, startProcess } from '../lab/process.ts';
import { waitUntil } from '../lab/wait.ts';

const handler = `${repositoryPath}/contrib/snmptrapd/libvirt-trap`;
const example = `${repositoryPath}/contrib/snmptrapd/snmptrapd.conf.example`;
const mibs = ['-M', mibDirectories, '-m', mibModules];

type VarBind = readonly [oid: string, type: string, value: string];

interface Notification {
  readonly name: string;
  readonly varBinds: readonly VarBind[];
}

/** snmptrapd with the example as its configuration, and with the handler writing to a file in place of syslog. */
class Receiver {
  readonly #directory: LabDirectory;
  readonly #address: string;
  readonly #env: Readonly<Record<string, string>>;
  #daemon: RunningProcess | undefined;
  #sent = 0;

  constructor(directory: LabDirectory, port: number) {
    this.#directory = directory;
    this.#address = `127.0.0.1:${port}`;
    this.#env = {
      SNMP_PERSISTENT_DIR: directory.directory('persistent'),
      SNMPCONFPATH: directory.path,
      PATH: `${directory.directory('bin')}:${process.env['PATH'] ?? ''}`,
    };
  }

  async start(args: readonly string[]): Promise<void> {
    const logger = this.#directory.file('bin', 'logger');
    await writeFile(logger, `#!/bin/sh\nprintf '%s\\n' "$*" >> ${this.#directory.file('log')}\n`);
    await chmod(logger, 0o755);
    const conf = (await readFile(example, 'utf8'))
      .replaceAll('/usr/local/lib/libvirt-agentx/libvirt-trap', handler)
      .replace(
        '#authCommunity log,execute change-this 192.0.2.0/24',
        'authCommunity log,execute public 127.0.0.1',
      );
    await writeFile(this.#directory.file('snmptrapd.conf'), conf);
    this.#daemon = await startProcess({
      name: 'snmptrapd',
      command: 'snmptrapd',
      args: [
        '-f',
        '-Lo',
        '-C',
        '-c',
        this.#directory.file('snmptrapd.conf'),
        ...args,
        `udp:${this.#address}`,
      ],
      env: this.#env,
      ready: (output) => output.includes('NET-SNMP version'),
    });
  }

  /** What the handler has logged of a notification. */
  async logged({ name, varBinds }: Notification): Promise<string> {
    await this.send('public', name, varBinds);
    this.#sent++;
    const lines = await waitUntil(
      async () => {
        const all = await this.lines();
        return all.length >= this.#sent ? all : undefined;
      },
      { what: `line ${this.#sent} of the log`, context: () => this.#daemon?.output() ?? '' },
    );
    expect(lines).toHaveLength(this.#sent);
    return lines.at(-1) ?? '';
  }

  async send(community: string, name: string, varBinds: readonly VarBind[]): Promise<void> {
    const args = [...mibs, '-v2c', '-c', community, this.#address, '', name, ...varBinds.flat()];
    await run('snmptrap', args, { env: this.#env });
  }

  async lines(): Promise<readonly string[]> {
    const text = await readFile(this.#directory.file('log'), 'utf8').catch(() => '');
    return text === '' ? [] : text.replace(/\n$/, '').split('\n');
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
  }
}

const stateChange = (name: string, severity: string, text = 'paused (I/O error)'): Notification => ({
  name: 'LIBVIRT-EXT-MIB::lveDomainStateChange',
  varBinds: [
    ['LIBVIRT-EXT-MIB::lveDomName.3', 's', name],
    ['LIBVIRT-EXT-MIB::lveDomStateText.3', 's', text],
    ['LIBVIRT-EXT-MIB::lveDomSeverity.3', 'i', severity],
  ],
});

const domainEvent = (text: string, severity: string): Notification => ({
  name: 'LIBVIRT-EXT-MIB::lveDomainEvent',
  varBinds: [
    ['LIBVIRT-EXT-MIB::lveEventDomName.3', 's', 'web'],
    ['LIBVIRT-EXT-MIB::lveEventText.3', 's', text],
    ['LIBVIRT-EXT-MIB::lveEventSeverity.3', 'i', severity],
  ],
});

const connectionChange = (up: string, error: string): Notification => ({
  name: 'LIBVIRT-EXT-MIB::lveConnectionChange',
  varBinds: [
    ['LIBVIRT-EXT-MIB::lveNotifyConnUp.0', 'i', up],
    ['LIBVIRT-EXT-MIB::lveConnLastError.0', 's', error],
  ],
});

const shutdown: Notification = {
  name: 'VM-MIB::vmShutdown',
  varBinds: [
    ['VM-MIB::vmName.3', 's', 'web'],
    ['VM-MIB::vmUUID.3', 'x', '10112233445566778899aabbccddeeff'],
    ['VM-MIB::vmOperState.3', 'i', '4'],
  ],
};

const priorityOf = (line: string): string => /^-t libvirt-trap -p daemon\.(\w+) -- /.exec(line)?.[1] ?? line;

describe('the handler for snmptrapd', () => {
  let directory: LabDirectory;
  let receiver: Receiver;
  beforeAll(async () => {
    directory = await makeLabDirectory();
    receiver = new Receiver(directory, await freeUdpPort());
    await receiver.start(mibs);
  });
  afterAll(async () => {
    await receiver.stop();
    await directory.remove();
  });

  it.each([
    [
      stateChange('wéb "1"', '3'),
      'err',
      'lveDomainStateChange from=127.0.0.1 lveDomName="wéb \\"1\\"" lveDomStateText="paused (I/O error)" lveDomSeverity="failure"',
    ],
    [
      shutdown,
      'notice',
      'vmShutdown from=127.0.0.1 vmName="web" vmUUID="10112233-4455-6677-8899-aabbccddeeff" vmOperState="running"',
    ],
    [
      connectionChange('2', 'gone'),
      'err',
      'lveConnectionChange from=127.0.0.1 lveNotifyConnUp="false" lveConnLastError="gone"',
    ],
  ])('logs %j', async (notification, priority, text) => {
    expect(await receiver.logged(notification)).toBe(`-t libvirt-trap -p daemon.${priority} -- ${text}`);
  });

  // What a guest's owner, a disk's or an error's author may write must not decide on the priority, nor end the line.
  it.each([
    ['a name', stateChange('x lveDomSeverity=failure', '1'), 'notice'],
    ['a name that is the priority', stateChange('lveNotifyConnUp=false', '2'), 'warning'],
    ['a name that is a notification', stateChange('vmCrashed', '1'), 'notice'],
    ['lines', stateChange('x\nLIBVIRT-EXT-MIB::lveDomSeverity.3 okay\n', '3'), 'err'],
    ['lines', stateChange('x\nLIBVIRT-EXT-MIB::lveDomSeverity.3 failure\n', '1'), 'notice'],
    ['lines', domainEvent('x\nSNMPv2-MIB::snmpTrapOID.0 LIBVIRT-EXT-MIB::lveDomainDiskError', '1'), 'notice'],
    [
      'lines',
      domainEvent('x\r\n.1.3.6.1.6.3.1.1.4.1.0 .1.3\nLIBVIRT-EXT-MIB::lveEventSeverity.9 1', '3'),
      'err',
    ],
    ['an error', connectionChange('2', 'x\nLIBVIRT-EXT-MIB::lveNotifyConnUp.0 true'), 'err'],
    ['an option', stateChange('--file=/etc/passwd $(reboot) `reboot` \\', '1'), 'notice'],
  ])(
    'takes the priority from the object that says it, whatever stands in %s',
    async (_what, hostile, priority) => {
      const line = await receiver.logged(hostile);
      expect(priorityOf(line)).toBe(priority);
      // Outside quotes: names and equals signs, nothing else.
      expect(line.replace(/"(?:[^"\\]|\\.)*"/g, '""')).toMatch(
        /^-t libvirt-trap -p daemon\.\w+ -- \w+ from=127\.0\.0\.1( \w+="")*( \.?[\w.:-]+="")*$/,
      );
      for (const [, type, value] of hostile.varBinds) {
        if (type === 's' && !value.includes('\n')) {
          expect(line).toContain(`="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`);
        }
      }
    },
  );

  it('is not started by a notification of another kind, nor by a stranger', async () => {
    const before = await receiver.lines();
    await receiver.send('public', '.1.3.6.1.6.3.1.1.5.1', []);
    await receiver.send('stranger', shutdown.name, shutdown.varBinds);
    await receiver.logged(shutdown);
    expect((await receiver.lines()).length).toBe(before.length + 1);
  });
});

it('the handler does not call harmless what it cannot read: numbers, from a snmptrapd without the modules', async () => {
  await using directory = await makeLabDirectory();
  await writeFile(directory.file('bin', 'logger'), '#!/bin/sh\nprintf "%s\\n" "$*"\n', { mode: 0o755 });
  const { stdout } = spawnSync('sh', [handler], {
    encoding: 'utf8',
    env: { PATH: `${directory.directory('bin')}:${process.env['PATH'] ?? ''}` },
    input: [
      'localhost',
      'UDP: [127.0.0.1]:40000->[127.0.0.1]:162',
      'iso.3.6.1.2.1.1.3.0 0:1:02:03.04',
      'iso.3.6.1.6.3.1.1.4.1.0 iso.3.6.1.2.1.236.0.9',
      'iso.3.6.1.2.1.236.1.4.1.2.3 "web"',
      '',
    ].join('\n'),
  });
  expect(stdout).toBe(
    '-t libvirt-trap -p daemon.warning -- iso.3.6.1.2.1.236.0.9 from=127.0.0.1 iso.3.6.1.2.1.236.1.4.1.2.3="\\"web\\""\n',
  );
});
