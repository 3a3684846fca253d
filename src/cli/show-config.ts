import { settings } from '../config/settings.ts';
import { exitCodes } from './exit-codes.ts';
import { configFrom } from './options.ts';

/** Prints every setting with its value in effect and where that came from. */
export async function showConfig(options: Readonly<Record<string, unknown>>): Promise<number> {
  const { file, origins, raw } = await configFrom(options);
  const lines = [`# file: ${file ?? 'none'}`];
  let section = '';
  for (const setting of settings) {
    if (setting.section !== section) lines.push('', `[${setting.section}]`);
    section = setting.section;
    const origin = origins.get(setting.key) ?? 'default';
    const given = (raw[section] as Readonly<Record<string, unknown>> | undefined)?.[setting.name];
    const value = given ?? setting.default;
    lines.push(
      value === undefined
        ? `# ${setting.name} is not set`
        : `${setting.name} = ${JSON.stringify(value)}  # ${origin}`,
    );
  }
  process.stdout.write(`${lines.join('\n')}\n`);
  return exitCodes.ok;
}
