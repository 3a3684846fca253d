import { type Command, Option } from 'commander';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { flagSettings } from '../config/settings.ts';

/** Adds --config and the options of the settings people change often. */
export function addConfigOptions(command: Command): Command {
  command.addOption(
    new Option(
      '-c, --config <file>',
      'configuration file (default: /etc/libvirt-agentx.toml if it exists)',
    ).env('LIBVIRT_AGENTX_CONFIG'),
  );
  for (const setting of flagSettings) {
    command.option(`--${setting.flag} <value>`, setting.help);
  }
  return command;
}

/**
 * The configuration that the options of a command ask for.
 *
 * @throws ConfigError
 */
export async function configFrom(options: Readonly<Record<string, unknown>>): Promise<LoadedConfig> {
  const flags: Record<string, string> = {};
  for (const setting of flagSettings) {
    const value = options[camelCase(setting.flag)];
    if (typeof value === 'string') flags[setting.key] = value;
  }
  const file = options['config'];
  return await loadConfig({ file: typeof file === 'string' ? file : undefined, env: process.env, flags });
}

function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
