import { readFile } from 'node:fs/promises';
import { parse, TomlError } from 'smol-toml';
import type { z } from 'zod';
import { errorText } from '../errors.ts';
import { type Config, toConfig } from './config.ts';
import { ConfigError, type ConfigIssue } from './config-error.ts';
import { fileSchema } from './schema.ts';
import { type Setting, settings } from './settings.ts';
import { didYouMean } from './suggest.ts';

/** The file that is read when none is named. */
export const defaultConfigFile = '/etc/libvirt-agentx.toml';

/** Variables that stand for options of the command line that are no settings. */
const otherVariables: ReadonlySet<string> = new Set([
  'LIBVIRT_AGENTX_CONFIG',
  'LIBVIRT_AGENTX_CHECK_V3_AUTH',
  'LIBVIRT_AGENTX_CHECK_V3_PRIV',
]);

/** A configuration file has no business being larger. */
const maxFileBytes = 1024 * 1024;

export interface ConfigSources {
  /** File named on the command line; it must exist. Else {@link defaultConfigFile} is read if it exists. */
  readonly file: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values of command line options by setting key. */
  readonly flags: Readonly<Record<string, string>>;
}

/** Where the value of a setting came from. */
export type Origin = 'default' | 'file' | 'environment' | 'flag';

export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read; undefined if there was none. */
  readonly file: string | undefined;
  /** By setting key; settings that are not listed have their default. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** The content before validation, by section: what `config` prints. */
  readonly raw: Readonly<Record<string, unknown>>;
}

type RawContent = Record<string, Record<string, unknown>>;

/**
 * The effective configuration: flags over environment over file over defaults.
 *
 * @throws ConfigError with every problem found.
 */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const { raw, file } = await readRaw(sources.file);
  const origins = new Map<string, Origin>();
  const names = new Map<string, string>();
  for (const [section, content] of Object.entries(raw)) {
    if (typeof content !== 'object' || content === null) continue;
    for (const name of Object.keys(content)) origins.set(`${section}.${name}`, 'file');
  }
  const issues: ConfigIssue[] = unknownVariables(sources.env);
  for (const setting of settings) {
    const fromEnv = sources.env[setting.env];
    const fromFlag = sources.flags[setting.key];
    if (fromEnv !== undefined) put(raw, setting, fromEnv, 'environment', setting.env);
    if (fromFlag !== undefined) put(raw, setting, fromFlag, 'flag', `--${setting.flag ?? setting.name}`);
  }
  const result = fileSchema.safeParse(raw);
  if (!result.success) {
    issues.push(...result.error.issues.flatMap((issue) => describe(issue, file, names)));
  }
  if (issues.length > 0 || !result.success) throw new ConfigError(issues);
  const config = toConfig(result.data, {
    uri: nonEmpty(sources.env['LIBVIRT_DEFAULT_URI']),
    stateDirectory: nonEmpty(sources.env['STATE_DIRECTORY'])?.split(':')[0],
  });
  return { config, file, origins, raw };

  function put(content: RawContent, setting: Setting, text: string, origin: Origin, name: string): void {
    const section = content[setting.section] ?? {};
    content[setting.section] = { ...section, [setting.name]: fromText(setting, text) };
    origins.set(setting.key, origin);
    names.set(setting.key, name);
  }
}

async function readRaw(named: string | undefined): Promise<{ raw: RawContent; file: string | undefined }> {
  const file = named ?? defaultConfigFile;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (absent && named === undefined) return { raw: {}, file: undefined };
    const message = absent
      ? 'there is no such file; name an existing one with --config, or leave the option out'
      : `cannot be read (${errorText(error)}); check its permissions`;
    throw new ConfigError([{ where: file, key: '', message }]);
  }
  if (text.length > maxFileBytes) {
    throw new ConfigError([{ where: file, key: '', message: `is larger than ${maxFileBytes} octets` }]);
  }
  try {
    return { raw: parse(text) as RawContent, file };
  } catch (error) {
    const message = error instanceof TomlError ? error.message : errorText(error);
    throw new ConfigError([{ where: file, key: '', message: `is not valid TOML: ${message}` }]);
  }
}

/** Environment and flags are text: lists are separated by commas or blanks. */
function fromText(setting: Setting, text: string): unknown {
  const model = setting.default;
  if (typeof model === 'boolean')
    return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text;
  if (Array.isArray(model)) return text.split(/[\s,]+/).filter((word) => word !== '');
  if (typeof model === 'number' && setting.unit !== 'seconds') return Number(text);
  return text;
}

function describe(
  issue: z.core.$ZodIssue,
  file: string | undefined,
  names: ReadonlyMap<string, string>,
): readonly ConfigIssue[] {
  const path = issue.path.map(String);
  const key = path.join('.');
  const where = names.get(path.slice(0, 2).join('.')) ?? file ?? 'configuration';
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((unknown) => {
      const full = [...path, unknown].join('.');
      return { where, key: full, message: `unknown key${didYouMean(full, knownKeys())}` };
    });
  }
  const setting = settings.find((each) => each.key === path.slice(0, 2).join('.'));
  const unit = setting?.unit;
  const hint = unit === undefined || issue.message.includes(unit) ? '' : ` (in ${unit})`;
  return [{ where, key, message: `${issue.message}${hint}` }];
}

function knownKeys(): readonly string[] {
  const tables = ['severity', 'labels', 'namespaces'];
  return [
    ...settings.map((setting) => setting.key),
    ...settings.map((setting) => setting.section),
    ...tables,
  ];
}

function unknownVariables(env: Readonly<Record<string, string | undefined>>): ConfigIssue[] {
  const known = new Set(settings.map((setting) => setting.env));
  return Object.keys(env)
    .filter((name) => name.startsWith('LIBVIRT_AGENTX_') && !known.has(name) && !otherVariables.has(name))
    .map((name) => ({
      where: 'environment',
      key: name,
      message: `unknown variable${didYouMean(name, known)}`,
    }));
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}
