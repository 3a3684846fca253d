#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import { check } from './cli/check.ts';
import { dump } from './cli/dump.ts';
import { exitCodeOf, exitCodes } from './cli/exit-codes.ts';
import { mib } from './cli/mib.ts';
import { addConfigOptions } from './cli/options.ts';
import { run } from './cli/run.ts';
import { showConfig } from './cli/show-config.ts';
import { programVersion } from './cli/version.ts';
import { ConnectionFailedError, DaemonError, errorText } from './errors.ts';

type Action = (options: Readonly<Record<string, unknown>>) => Promise<number>;

/** Runs a command and ends the process with its exit code. */
function action(command: Action): (options: Record<string, unknown>, self: Command) => Promise<void> {
  return async (_options, self) => {
    process.exitCode = await command(self.optsWithGlobals());
  };
}

const program = new Command('libvirt-agentx')
  .description('Shows every virtual machine of a libvirt host to SNMP: an AgentX subagent for snmpd.')
  .version(programVersion(), '-V, --version')
  .enablePositionalOptions()
  .showHelpAfterError('(libvirt-agentx --help explains all commands and options)')
  .exitOverride();

addConfigOptions(
  program.command('run', { isDefault: true }).description('run the agent (what happens without a command)'),
).action(action(run));

addConfigOptions(
  program
    .command('dump')
    .description('collect once and print what a walk would show; needs no snmpd')
    .option('-f, --format <format>', 'walk or json', 'walk')
    .option('-o, --only <prefix>', 'only objects whose name starts like this, such as lveDom or vmName'),
).action(action(dump));

addConfigOptions(
  program
    .command('check')
    .description('look for what stands in the way: configuration, libvirt, permissions, snmpd')
    .option('--snmp <host:port>', 'also read lveAgentVersion through this snmpd')
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
    ),
).action(action(check));

program
  .command('mib')
  .description('print LIBVIRT-EXT-MIB, for the pollers')
  .option('-r, --root <oid>', 'under another root (see mib.root)')
  .option('-m, --module <name>', 'LIBVIRT-EXT-MIB or VM-MIB', 'LIBVIRT-EXT-MIB')
  .option('-d, --dir', 'print the directory of the modules instead')
  .action(action(mib));

addConfigOptions(
  program.command('config').description('print the configuration in effect and where each value comes from'),
).action(action(showConfig));

program.addHelpText(
  'after',
  `
Examples:
  libvirt-agentx                                  run with /etc/libvirt-agentx.toml or the defaults
  libvirt-agentx dump --only vmName               which virtual machines are there?
  libvirt-agentx dump --uri qemu:///session       those of this user
  libvirt-agentx check --snmp 127.0.0.1:161       why does my walk show nothing?
  libvirt-agentx mib --root 1.3.6.1.4.1.99999.1 > LIBVIRT-EXT-MIB

Settings come from options, then from the environment (LIBVIRT_AGENTX_SECTION_KEY), then from the file,
then from defaults. SIGHUP reloads the file; SIGTERM and SIGINT stop tidily.
Exit codes: 0 in order, 64 usage, 69 a peer is not available, 70 a defect, 78 configuration.`,
);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  } else {
    const remedy =
      error instanceof ConnectionFailedError && error.remedy !== undefined ? `\n${error.remedy}` : '';
    const detail =
      error instanceof DaemonError ? errorText(error) : ((error as Error)?.stack ?? String(error));
    process.stderr.write(`libvirt-agentx: ${detail}${remedy}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
