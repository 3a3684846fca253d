import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { freeUdpPort } from '../lab/free-port.ts';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { startProcess } from '../lab/process.ts';
import type { TrapSink } from '../lab/snmpd.ts';

/**
 * Receivers that write notifications in the formats of those that Zabbix comes with: its perl script for snmptrapd, its
 * shell script (fields on lines, or all on one line), and bare lines of a traphandle; each with and without MIB modules.
 */
export const receivers = [
  'perl, numbers',
  'perl, names',
  'shell lines, numbers',
  'shell lines, names',
  'shell one line, numbers',
  'shell one line, names',
  'plain lines, numbers',
  'plain lines, names',
] as const;

export type ReceiverName = (typeof receivers)[number];

/**
 * The address that a receiver says its notifications come from: one for each, so that Zabbix takes what they write for
 * notifications of so many hosts.
 */
export function addressSaidBy(name: ReceiverName): string {
  return `127.0.0.${11 + receivers.indexOf(name)}`;
}

export interface TrapReceivers {
  readonly sinks: readonly TrapSink[];
  /** All that a receiver has written. */
  text(name: ReceiverName): string;
  stop(): Promise<void>;
}

/** Embedded perl: prints each field as `OID type=N value=TYPE: VALUE`. */
const perl = (out: string, from: string): string => `
sub note {
  my ($pdu, $fields) = @_;
  open(my $file, '>>', '${out}') or return 0;
  print $file "00:00:00 2026/01/01 ZBXTRAP ${from}\\nPDU INFO:\\n";
  foreach my $key (sort keys %$pdu) {
    my $value = $pdu->{$key} =~ /^[[:print:]]*$/ ? $pdu->{$key} : '0x' . unpack('H*', $pdu->{$key});
    printf $file "  %-30s %s\\n", $key, $value;
  }
  print $file "VARBINDS:\\n";
  printf $file "  %-30s type=%-2d value=%s\\n", $_->[0], $_->[2], $_->[1] foreach @$fields;
  close($file);
  return 1;
}
NetSNMP::TrapReceiver::register("all", \\&note) or die "cannot register";
`;

/** traphandle: the first two lines are the sender's name and address, then come \`OID VALUE\`. */
const shell = (out: string, from: string, between: string, equals: string): string => `#!/bin/bash
read -r host
read -r sender
text="00:00:00 2026/01/01 ZBXTRAP ${from}${between}$sender"
while read -r oid value; do text="$text${between}$oid${equals}$value"; done
printf '%s\\n' "$text" >> ${out}
`;

/** Starts all of them on ports of loopback. */
export async function startReceivers(): Promise<TrapReceivers> {
  const directory = await makeLabDirectory();
  const files = new Map<ReceiverName, string>();
  const sinks: TrapSink[] = [];
  const closers: (() => Promise<void>)[] = [() => directory.remove()];
  const stop = async (): Promise<void> => {
    for (const close of closers.reverse()) await close();
    closers.length = 0;
  };
  try {
    for (const [at, name] of receivers.entries()) {
      const port = await freeUdpPort();
      const out = directory.file(`receiver-${at}.log`);
      const script = directory.file(`receiver-${at}`);
      const [kind] = name.split(',');
      writeFileSync(out, '');
      writeFileSync(
        script,
        kind === 'perl'
          ? perl(out, addressSaidBy(name))
          : kind === 'shell one line'
            ? shell(out, addressSaidBy(name), ' ', ' = ')
            : shell(out, addressSaidBy(name), '\n', kind === 'plain lines' ? ' ' : ' = '),
      );
      const config = directory.file(`receiver-${at}.conf`);
      writeFileSync(
        config,
        `authCommunity log,execute public\n${kind === 'perl' ? `perl do "${script}"` : `traphandle default /bin/bash ${script}`}\n`,
      );
      const persistent = directory.directory(`persistent-${at}`);
      const receiver = await startProcess({
        name,
        command: 'snmptrapd',
        args: ['-f', '-Lo', '-C', '-c', config, ...modules(name.endsWith('names')), `udp:127.0.0.1:${port}`],
        env: { SNMP_PERSISTENT_DIR: persistent, SNMPCONFPATH: persistent },
        ready: (output) => output.includes('NET-SNMP version'),
      });
      closers.push(() => receiver.stop());
      files.set(name, out);
      sinks.push({ kind: 'v2c', address: `127.0.0.1:${port}` });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { sinks, text: (name) => readFileSync(files.get(name) ?? '', 'utf8'), stop };
}

function modules(withNames: boolean): readonly string[] {
  if (!withNames) return ['-m', ''];
  const path = [`${repositoryPath}/mibs`, `${repositoryPath}/mibs/imports`].filter((name) =>
    existsSync(name),
  );
  return ['-M', path.join(':'), '-m', 'LIBVIRT-EXT-MIB:VM-MIB'];
}
