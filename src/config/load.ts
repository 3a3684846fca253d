import { parse, TomlError } from 'smol-toml';
import type { z } from 'zod';
import { errorText } from '../errors.ts';
import { readSmallFile } from '../run/small-file.ts';
import { type Config, configSchema } from './config.ts';
import { ConfigError, type ConfigIssue } from './config-error.ts';
import { keyLines } from './key-lines.ts';
import { secretProblems } from './push-secrets.ts';
import { httpProblems } from './sections/http.ts';
import { isOwnSetting } from './sections/hypervisors.ts';
import { influxProblems } from './sections/influxdb.ts';
import { labelProblems } from './sections/labels.ts';
import { freeTables, sections } from './sections.ts';
import { fileName } from './setting.ts';
import { type Setting, settingByKey, settings } from './settings.ts';
import { didYouMean } from './suggest.ts';

/** The file that is read when none is named. */
export const defaultConfigFile = '/etc/libvirt-agentx.toml';

/** As they are in the file. */
const sectionNames: readonly string[] = Object.keys(sections).map(fileName);

const variablePrefix = 'LIBVIRT_AGENTX_';

/** Variables with our prefix that are no settings. */
const otherVariables: ReadonlySet<string> = new Set(
  ['CONFIG', 'CHECK_V3_AUTH', 'CHECK_V3_PRIV'].map((name) => `${variablePrefix}${name}`),
);

/** What one option of the command line sets. */
export interface FlagValue {
  /** `collect.interval`; need not exist. */
  readonly key: string;
  /** The option as it was given, for messages: `--interval`. */
  readonly option: string;
  readonly text: string;
}

export interface ConfigSources {
  /** File named on the command line; it must exist. Else {@link defaultConfigFile} is read if it exists. */
  readonly file: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Options of the command line; of two for one key the later counts. */
  readonly flags: readonly FlagValue[];
}

/** Where the value of a setting came from: `file`, `environment NAME`, `option --name` or `other file PATH`. */
export type Origin = 'file' | `environment ${string}` | `option ${string}` | `other file ${string}`;

export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read; undefined if there was none. */
  readonly file: string | undefined;
  /** By setting key; settings that are not listed have their default. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** The merged content before validation, by section: what `config` prints. */
  readonly raw: Readonly<Record<string, unknown>>;
}

type RawContent = Record<string, unknown>;

interface ReadFile {
  readonly raw: RawContent;
  readonly file: string | undefined;
  readonly lines: ReadonlyMap<string, number>;
}

/**
 * The effective configuration: options over environment over file over defaults. An empty variable counts
 * as not set.
 *
 * @throws ConfigError with every problem found.
 */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const { raw, file, lines } = await readRaw(sources.file);
  const origins = new Map<string, Origin>();
  for (const { key, section, name } of settings) {
    if (isTable(raw[section]) && Object.hasOwn(raw[section], name)) origins.set(key, 'file');
  }
  const issues: ConfigIssue[] = unknownVariables(sources.env);
  for (const setting of settings) {
    const { env, standIn } = setting;
    const text = nonEmpty(sources.env[env]);
    if (text !== undefined) put(raw, setting, text, origins, `environment ${env}`);
    if (standIn === undefined || origins.has(setting.key)) continue;
    const other = nonEmpty(sources.env[standIn.variable]);
    if (other !== undefined)
      put(raw, setting, standIn.read(other), origins, `environment ${standIn.variable}`);
  }
  issues.push(...putElsewhere(raw, sources, origins));
  for (const { key, option, text } of sources.flags) {
    const setting = settingByKey.get(key);
    if (setting !== undefined) put(raw, setting, text, origins, `option ${option}`);
    else issues.push({ where: option, key, message: `unknown key${suggestion(key)}` });
  }
  const place: Place = { raw, file: file ?? 'configuration', lines, origins };
  const result = configSchema.safeParse(raw);
  if (!result.success) issues.push(...result.error.issues.flatMap((issue) => describe(issue, place)));
  issues.push(...labelIssues(place));
  if (result.success) {
    issues.push(...faceIssues(result.data, place), ...hypervisorIssues(result.data, place));
  }
  if (issues.length > 0 || !result.success) throw new ConfigError(issues);
  return { config: result.data, file, origins, raw };
}

/** What files of other programs say where we have been told nothing. */
function putElsewhere(
  raw: RawContent,
  { env, flags }: ConfigSources,
  origins: Map<string, Origin>,
): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  for (const setting of settings) {
    const { key, elsewhere } = setting;
    if (elsewhere === undefined || origins.has(key) || flags.some((flag) => flag.key === key)) continue;
    try {
      const found = elsewhere(env);
      if (found !== undefined) put(raw, setting, found.text, origins, `other file ${found.path}`);
    } catch (error) {
      issues.push({ where: 'default', key, message: errorText(error) });
    }
  }
  return issues;
}

async function readRaw(named: string | undefined): Promise<ReadFile> {
  const file = named ?? defaultConfigFile;
  let text: string;
  try {
    text = await readSmallFile(file);
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (absent && named === undefined) return { raw: {}, file: undefined, lines: new Map() };
    const message = absent
      ? 'there is no such file; name an existing one with --config, or leave the option out'
      : `cannot be read (${errorText(error)})${error instanceof RangeError ? '' : '; check its permissions'}`;
    throw new ConfigError([{ where: file, key: '', message }]);
  }
  try {
    return { raw: parse(text), file, lines: keyLines(text) };
  } catch (error) {
    const where = error instanceof TomlError ? `${file}:${error.line}` : file;
    // The first line says what is wrong; the others draw the place.
    const reason = errorText(error)
      .split('\n', 1)[0]
      ?.replace(/^Invalid TOML document: /, '');
    throw new ConfigError([{ where, key: '', message: `is not valid TOML: ${reason}` }]);
  }
}

/** Lays a value of the environment or of an option over what the file holds. */
function put(
  raw: RawContent,
  setting: Setting,
  text: string,
  origins: Map<string, Origin>,
  origin: Origin,
): void {
  const table = raw[setting.section] ?? {};
  // What is no table at all gets its own message.
  if (!isTable(table)) return;
  raw[setting.section] = { ...table, [setting.name]: setting.fromText(text) };
  origins.set(setting.key, origin);
}

/** What is needed to say where a problem is. */
interface Place {
  readonly raw: RawContent;
  readonly file: string;
  readonly lines: ReadonlyMap<string, number>;
  readonly origins: ReadonlyMap<string, Origin>;
}

function whereIs({ file, lines, origins }: Place, path: readonly string[]): string {
  const origin = origins.get(path.slice(0, 2).join('.')) ?? 'file';
  if (origin !== 'file') return origin.replace(/^(environment|option|other file) /, '');
  for (let length = path.length; length > 0; length--) {
    const line = lines.get(path.slice(0, length).join('.'));
    if (line !== undefined) return `${file}:${line}`;
  }
  return file;
}

function describe(issue: z.core.$ZodIssue, place: Place): readonly ConfigIssue[] {
  const path = issue.path.map(String);
  const where = whereIs(place, path);
  const key = spelled(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((unknown) => {
      const full = [...path, unknown];
      return {
        where: whereIs(place, full),
        key: spelled([...issue.path, unknown]),
        message: `unknown key${suggestion((isOwnSetting(full) ? full.slice(2) : full).join('.'))}`,
      };
    });
  }
  const setting = settingByKey.get(settingKey(path));
  if (setting !== undefined && issue.code !== 'custom') {
    const whole = spelled(issue.path.slice(0, isOwnSetting(path) ? 4 : 3));
    return [
      { where, key: isHypervisor(path) ? whole : setting.key, message: mustBe(setting, path, place.raw) },
    ];
  }
  if (setting !== undefined) {
    const isOwnWord = issue.message !== 'not allowed';
    return [{ where, key, message: isOwnWord ? issue.message : mustBe(setting, path, place.raw) }];
  }
  if (path.length === 1 && sectionNames.includes(key)) {
    return [{ where, key, message: `must be a table: [${key}]` }];
  }
  return [{ where, key, message: issue.message }];
}

/** The key of the setting that a path of the file leads to, be it for all hypervisors or for one. */
function settingKey(path: readonly string[]): string {
  if (isOwnSetting(path)) return path.slice(2, 4).join('.');
  return isHypervisor(path) && path[2] === 'uri' ? 'libvirt.uri' : path.slice(0, 2).join('.');
}

function isHypervisor(path: readonly string[]): boolean {
  return path[0] === 'hypervisors' && path.length > 2;
}

function mustBe(setting: Setting, path: readonly string[], raw: RawContent): string {
  const length = isOwnSetting(path) ? 4 : isHypervisor(path) ? 3 : 2;
  const value = path.slice(0, length).reduce<unknown>((at, key) => {
    return typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined;
  }, raw);
  const shown = value === undefined ? '' : `, not ${clip(JSON.stringify(value))}`;
  return `must be ${setting.allowed}${shown}`;
}

/** `labels[1].xpath` */
function spelled(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

/** What of the labels only their reader knows; told even where other settings are wrong as well. */
function labelIssues(place: Place): ConfigIssue[] {
  const rules = freeTables.labels.schema.safeParse(place.raw['labels']);
  const namespaces = freeTables.namespaces.schema.safeParse(place.raw['namespaces']);
  if (!rules.success || !namespaces.success) return [];
  return labelProblems(rules.data, namespaces.data).map(({ at, key, message }) => ({
    where: whereIs(place, ['labels', String(at), key]),
    key: `labels[${at}].${key}`,
    message,
  }));
}

/** What of the settings of the faces beside SNMP does not go together. */
function faceIssues({ http, statsd, influxdb, otlp, agentx }: Config, place: Place): ConfigIssue[] {
  const issue = (section: string, setting: string, message: string): ConfigIssue => {
    const path = [section, fileName(setting)];
    return { where: whereIs(place, path), key: path.join('.'), message };
  };
  const isIdle = http.address === undefined && statsd.host === '' && influxdb.url === '' && otlp.url === '';
  const nothing =
    'leaves nothing to do: set http.address, statsd.host, influxdb.url or otlp.url, or agentx.enabled = true';
  return [
    ...(!agentx.enabled && isIdle ? [issue('agentx', 'enabled', nothing)] : []),
    ...httpProblems(http).map(({ setting, message }) => issue('http', setting, message)),
    ...influxProblems(influxdb).map(({ setting, message }) => issue('influxdb', setting, message)),
    ...(otlp.url === '' ? [] : secretProblems('otlp', otlp)).map(({ setting, message }) =>
      issue('otlp', setting, message),
    ),
  ];
}

/** What of the settings of several hypervisors does not go together with the others. */
function hypervisorIssues({ hypervisors, agentx }: Config, place: Place): ConfigIssue[] {
  if (hypervisors.length === 0) return [];
  const origin = place.origins.get('libvirt.uri');
  const isGiven = origin !== undefined && origin !== 'environment LIBVIRT_DEFAULT_URI';
  return [
    ...(isGiven
      ? [
          {
            where: whereIs(place, ['libvirt', 'uri']),
            key: 'libvirt.uri',
            message:
              'is of no use beside [[hypervisors]], each of which has its uri: leave it out, or make it one of them',
          },
        ]
      : []),
    ...hypervisors.flatMap(({ name }, at) =>
      agentx.contexts.includes(name)
        ? [
            {
              where: whereIs(place, ['hypervisors', String(at), 'name']),
              key: `hypervisors[${at}].name`,
              message: `"${name}" is in agentx.contexts already, which is for further contexts of the default one`,
            },
          ]
        : [],
    ),
  ];
}

/** A key of the same last name in another section is nearer than any spelling. */
function suggestion(key: string): string {
  const name = key.slice(key.lastIndexOf('.') + 1);
  const moved = settings.find((setting) => setting.name === name);
  if (moved !== undefined) return `; did you mean "${moved.key}"?`;
  const tables = [...sectionNames, ...Object.keys(freeTables).map(fileName)];
  return didYouMean(key, [...settings.map((setting) => setting.key), ...tables]);
}

function unknownVariables(env: Readonly<Record<string, string | undefined>>): ConfigIssue[] {
  const known = new Set(settings.map((setting) => setting.env));
  return Object.keys(env)
    .filter((name) => name.startsWith(variablePrefix) && !known.has(name) && !otherVariables.has(name))
    .map((name) => ({
      where: 'environment',
      key: name,
      message: `unknown variable${didYouMean(name, known)}`,
    }));
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}
