import { effectiveToml, exampleToml, referenceMarkdown } from '../config/document.ts';
import { exitCodes } from './exit-codes.ts';
import { configFrom } from './options.ts';

/** Prints the configuration in effect, a commented example, or the reference of all settings. */
export async function showConfig(options: Readonly<Record<string, unknown>>): Promise<number> {
  if (options['example'] === true) process.stdout.write(exampleToml());
  else if (options['reference'] === true) process.stdout.write(referenceMarkdown());
  else process.stdout.write(effectiveToml(await configFrom(options)));
  return exitCodes.ok;
}
