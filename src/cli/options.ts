import { type Command, Option } from 'commander';
import { type FlagValue, type LoadedConfig, loadConfig } from '../config/load.ts';
import { flagSettings } from '../config/settings.ts';
import { DaemonError } from '../errors.ts';

const group = 'Settings (for all commands that use the configuration):';

/** Adds --config, the options of the settings people change often, and --set for all the others. */
export function addConfigOptions(command: Command): Command {
  command.addOption(
    new Option('-c, --config <file>', 'configuration file (default: /etc/libvirt-agentx.toml if it exists)')
      .env('LIBVIRT_AGENTX_CONFIG')
      .helpGroup(group),
  );
  for (const setting of flagSettings) {
    command.addOption(
      new Option(`--${setting.flag} <value>`, `${setting.help} (${setting.key})`).helpGroup(group),
    );
  }
  const set = new Option('-s, --set <key=value>', 'Any other setting, such as notifications.holdoff=30.');
  return command.addOption(set.argParser(collect).helpGroup(group));
}

/**
 * The configuration that the options of a command ask for.
 *
 * @throws ConfigError
 * @throws DaemonError with code USAGE for a --set without a value
 */
export async function configFrom(options: Readonly<Record<string, unknown>>): Promise<LoadedConfig> {
  const flags: FlagValue[] = [];
  for (const { flag, key } of flagSettings) {
    const text = options[camelCase(flag)];
    if (typeof text === 'string') flags.push({ key, option: `--${flag}`, text });
  }
  const assignments = Array.isArray(options['set']) ? options['set'].map(String) : [];
  flags.push(...assignments.map(assignment));
  const file = options['config'];
  return await loadConfig({
    file: typeof file === 'string' && file !== '' ? file : undefined,
    env: process.env,
    flags,
  });
}

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

function assignment(text: string): FlagValue {
  const at = text.indexOf('=');
  if (at <= 0) {
    throw new DaemonError('USAGE', `--set ${text}: expected KEY=VALUE, such as notifications.holdoff=30`);
  }
  const key = text.slice(0, at).trim();
  return { key, option: `--set ${key}`, text: text.slice(at + 1).trim() };
}

function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
