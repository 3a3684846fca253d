import { stringify, type TomlTable } from 'smol-toml';
import { maskUserInfo } from '../mask.ts';
import { eventKindByName } from './event-names.ts';
import type { LoadedConfig } from './load.ts';
import { freeTables, sections } from './sections.ts';
import { defaultStatSelectors, statSelectorNames, statSelectors } from './selectors.ts';
import { fileName } from './setting.ts';
import { type Setting, settings } from './settings.ts';
import { wrap } from './wrap.ts';

/** The sections as they are in the file. */
const sectionList = Object.entries(sections).map(([name, { help }]) => ({ section: fileName(name), help }));

/** A commented example file: every setting with its help and its default, commented out. */
export function exampleToml(): string {
  const lines = [
    '# Configuration of libvirt-agentx. Every setting is optional; what is commented out is the default.',
    '# Commands that help: libvirt-agentx config (what is in effect), libvirt-agentx check (does it work).',
    '# Durations are seconds, or texts such as "500ms", "90s", "5m", "1h".',
  ];
  for (const { section, help } of sectionList) {
    lines.push('', '', ...commented(help), `[${section}]`);
    for (const setting of settings.filter((each) => each.section === section)) {
      lines.push('', ...commented(setting.help), ...commented(`Allowed: ${setting.allowed}.`));
      lines.push(`#${setting.name} = ${tomlValue(setting.default)}`);
    }
  }
  for (const { help, example } of Object.values(freeTables)) {
    lines.push('', '', ...commented(help), ...example.split('\n').map((line) => `#${line}`));
  }
  return `${lines.join('\n')}\n`;
}

/** The reference: a table for each section, then selectors and events. Markdown. */
export function referenceMarkdown(): string {
  const parts = sectionList.map(({ section, help }) => {
    const rows = settings.filter((each) => each.section === section).map(settingRow);
    return [
      `### \`[${section}]\``,
      '',
      ...wrap(help),
      '',
      '| Key | Default | Allowed | Meaning |',
      '|---|---|---|---|',
      ...rows,
    ].join('\n');
  });
  for (const [name, { help, example }] of Object.entries(freeTables)) {
    parts.push(
      [`### \`${fileName(name)}\``, '', ...wrap(cell(help)), '', '```toml', example, '```'].join('\n'),
    );
  }
  const selectorRows = statSelectorNames.map((name) => {
    const isDefault = defaultStatSelectors.includes(name) ? 'yes' : 'no';
    return `| \`${name}\` | ${isDefault} | ${cell(statSelectors[name])} |`;
  });
  parts.push(
    ['### Selectors of `extra_stats`', '', '| Selector | In `default` | What it brings |', '|---|---|---|']
      .concat(selectorRows)
      .join('\n'),
    [
      '### Events of `notifications.events`',
      '',
      ...wrap([...eventKindByName.keys()].map((name) => `\`${name}\``).join(', ')),
    ].join('\n'),
  );
  return `${parts.join('\n\n')}\n`;
}

/** The configuration in effect as a file that would give it again; where each value is from in comments. */
export function effectiveToml({ file, origins, raw }: LoadedConfig): string {
  const lines = [`# Configuration file: ${file ?? 'none'}`];
  for (const { section } of sectionList) {
    lines.push('', `[${section}]`);
    const given = raw[section] as Readonly<Record<string, unknown>> | undefined;
    for (const setting of settings.filter((each) => each.section === section)) {
      // Beside a list of hypervisors it would be refused.
      if (setting.key === 'libvirt.uri' && Array.isArray(raw['hypervisors'])) continue;
      const value = effectiveValue(setting, given);
      lines.push(`${setting.name} = ${tomlValue(value)}  # ${origins.get(setting.key) ?? 'default'}`);
    }
  }
  for (const name of Object.keys(freeTables).map(fileName)) {
    if (raw[name] === undefined) continue;
    lines.push('', stringify({ [name]: withoutSecrets(raw[name]) } as TomlTable).trimEnd());
  }
  return `${lines.join('\n')}\n`;
}

/** Passwords in URIs, wherever in a table they stand, are not shown. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value === 'string') return value.includes('://') ? maskUserInfo(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutSecrets(one)]));
}

function effectiveValue(setting: Setting, given: Readonly<Record<string, unknown>> | undefined): unknown {
  const value = given?.[setting.name] ?? setting.default;
  return typeof value === 'string' ? maskUserInfo(value) : value;
}

function settingRow(setting: Setting): string {
  const value = `\`${tomlValue(setting.default)}\``;
  const option = setting.flag === undefined ? '' : ` Option \`--${setting.flag}\`.`;
  return `| \`${setting.name}\` | ${escapePipes(value)} | ${cell(setting.allowed)} | ${cell(setting.help)}${option} |`;
}

/** A value in TOML notation; texts with backslashes as literal strings, which read better. */
function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`;
  if (typeof value === 'string' && value.includes('\\') && !/['\n]/.test(value)) return `'${value}'`;
  return stringify({ value } as TomlTable)
    .trim()
    .replace(/^value = /, '');
}

function commented(text: string): readonly string[] {
  return wrap(text, '# ');
}

function cell(text: string): string {
  return escapePipes(text).replaceAll('<', '&lt;');
}

function escapePipes(text: string): string {
  return text.replaceAll('|', '\\|');
}
