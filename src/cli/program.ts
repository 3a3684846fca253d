import { Command, Option } from 'commander';
import { nearestName } from '../config/suggest.ts';
import { DaemonError } from '../errors.ts';
import { addConfigOptions } from './options.ts';

/** A command: takes its options, resolves with the exit code of the process. */
export type Action = (options: Readonly<Record<string, unknown>>) => Promise<number>;

export interface ProgramOptions {
  readonly version: string;
  /** Told the exit code of the command that ran. */
  readonly onDone: (exitCode: number) => void;
}

/** What stands below the options in the help, and in the manual page. */
export const helpSections: readonly { readonly title: string; readonly text: string }[] = [
  {
    title: 'Examples',
    text: `  libvirt-agentx                                  run with /etc/libvirt-agentx.toml or the defaults
  libvirt-agentx dump --only vmName               which virtual machines are there?
  libvirt-agentx dump --uri qemu:///session       those of this user
  libvirt-agentx check                            why is there nothing in SNMP?
  libvirt-agentx check --snmp 127.0.0.1:161       ... and does snmpd let me see it?
  libvirt-agentx notify-test                      do notifications arrive?
  libvirt-agentx config --example > /etc/libvirt-agentx.toml
                                                  begin a configuration, everything explained
  libvirt-agentx mib --root 1.3.6.1.4.1.99999.1 > LIBVIRT-EXT-MIB
                                                  the module for the pollers, under your own root`,
  },
  {
    title: 'Environment',
    text: `Settings come from options, then from the environment (LIBVIRT_AGENTX_SECTION_KEY, such as
LIBVIRT_AGENTX_COLLECT_INTERVAL), then from the file, then from defaults.`,
  },
  {
    title: 'Signals',
    text: `  SIGTERM, SIGINT  stop tidily, within 5 seconds; a second one stops at once
  SIGHUP           read the configuration again; if it is not valid, the old one stays in force`,
  },
  {
    title: 'Exit codes',
    text: `   0  in order                                    70  a defect in the program
  64  the command line is wrong                   74  the output cannot be written
  69  libvirt or snmpd is not available           78  the configuration or the state directory
                                                      cannot be used`,
  },
];

const hypervisorOption = ['--hypervisor <name>', 'of several hypervisors, only this one'] as const;

/** The command line: commands, options and their help. */
export function makeProgram({ version, onDone }: ProgramOptions): Command {
  // Each command loads what it needs when it is given: the agent, which runs for months, keeps no other in memory.
  const perform =
    (load: () => Promise<Action>) =>
    async (...given: readonly unknown[]) => {
      const self = given.at(-1) as Command;
      const [extra] = self.args.slice(self.registeredArguments.length);
      if (extra !== undefined) throw notACommand(program, extra);
      const command = await load();
      const operands = self.registeredArguments.map((argument, nth) => [argument.name(), self.args[nth]]);
      onDone(await command({ ...self.optsWithGlobals(), ...Object.fromEntries(operands) }));
    };
  const program = new Command('libvirt-agentx')
    .description('Shows every virtual machine of a libvirt host to SNMP: an AgentX subagent for snmpd.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help; after a command, the help of that command')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true, helpWidth: 100 })
    .showHelpAfterError('(libvirt-agentx --help explains all commands and options)')
    .exitOverride();
  addConfigOptions(program);

  program
    .command('run', { isDefault: true })
    .description('run the agent (what happens without a command)')
    .allowExcessArguments()
    .action(perform(async () => (await import('./run.ts')).run));

  program
    .command('dump')
    .description('collect once and print what a walk would show; needs no snmpd')
    .addOption(
      new Option('-f, --format <format>', 'how to print it')
        .choices(['walk', 'json', 'prometheus', 'influx', 'hv-monitor'])
        .default('walk'),
    )
    .option('-z, --compress', 'gzip and base64, as extend of snmpd can carry it (hv-monitor)')
    .option('-o, --only <prefix>', 'only objects whose name starts like this, such as lveDom or vmName')
    .option(...hypervisorOption)
    .action(perform(async () => (await import('./dump.ts')).dump));

  const check = program
    .command('check')
    .description('look for what stands in the way: configuration, libvirt, permissions, snmpd')
    .option(...hypervisorOption)
    .option('--json', 'print one JSON document, whose form stays the same');
  addSnmpOptions(check, 'also look through this snmpd: at both modules, and at how the running agent fares');
  check.action(perform(async () => (await import('./check.ts')).check));

  const notifyTest = program
    .command('notify-test')
    .description('send the notification lveNotificationTest through snmpd, to see whether it arrives')
    .option(...hypervisorOption)
    .option('--text <text>', 'what the receiver shall see; default: host, user and time');
  addSnmpOptions(notifyTest, 'also ask this snmpd whom it sends notifications to');
  notifyTest.action(perform(async () => (await import('./notify-test.ts')).notifyTest));

  program
    .command('mib')
    .description('print LIBVIRT-EXT-MIB, for the pollers')
    .option('-r, --root <oid>', 'under another root (see mib.root)')
    .addOption(
      new Option('-m, --module <name>', 'which module')
        .choices(['LIBVIRT-EXT-MIB', 'VM-MIB'])
        .default('LIBVIRT-EXT-MIB'),
    )
    .option('-d, --dir', 'print the directory of the modules instead')
    .action(perform(async () => (await import('./mib.ts')).mib));

  program
    .command('contrib')
    .description('print a file for snmpd, Prometheus, Zabbix, Icinga or others, with the root in use')
    .argument('[name]', 'such as icinga2/libvirt.conf; without it, which files there are')
    .option('-r, --root <oid>', 'with another root than that of the configuration (mib.root)')
    .allowExcessArguments()
    .action(perform(async () => (await import('./contrib.ts')).contrib));

  program
    .command('config')
    .description('print the configuration in effect and where each value comes from')
    .option('-e, --example', 'print a commented example file instead')
    .option('-r, --reference', 'print the reference of all settings (Markdown) instead')
    .action(perform(async () => (await import('./show-config.ts')).showConfig));

  program
    .command('credential')
    .description('make a line for http.users_file or http.tokens_file')
    .option('--user <name>', 'for this user; the password is read from standard input')
    .option('--token <name>', 'for a new token, which is printed to standard error')
    .action(perform(async () => (await import('./credential.ts')).credential));

  const sections = helpSections.map(({ title, text }) => `${title}:\n${text}\n`);
  return program.addHelpText('after', `\n${sections.join('\n')}`);
}

/** Whom to ask as a manager, and as whom: see src/check/snmp-options.ts. */
function addSnmpOptions(command: Command, help: string): void {
  command
    .option('--snmp <host:port>', help)
    .option('--community <name>', 'community for --snmp', 'public')
    .option('--v3-user <name>', 'ask with SNMPv3 as this user instead of with a community')
    .addOption(
      new Option(
        '--v3-auth <[protocol:]passphrase>',
        'authentication: SHA-256 unless a protocol is named',
      ).env('LIBVIRT_AGENTX_CHECK_V3_AUTH'),
    )
    .addOption(
      new Option('--v3-priv <[protocol:]passphrase>', 'privacy: AES unless DES is named').env(
        'LIBVIRT_AGENTX_CHECK_V3_PRIV',
      ),
    )
    .option('--v3-context <name>', 'in this SNMPv3 context (agentx.contexts)');
}

/** The default command swallows what is no command; tell it by its name. */
function notACommand(program: Command, word: string): DaemonError {
  const names = program.commands.map((command) => command.name());
  if (names.includes(word)) {
    return new DaemonError('USAGE', `"${word}" must be the only command`);
  }
  const nearest = nearestName(word, names);
  const hint = nearest === undefined ? `the commands are ${names.join(', ')}` : `did you mean "${nearest}"?`;
  return new DaemonError('USAGE', `"${word}" is not a command; ${hint}`);
}
