import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { effectiveToml, exampleToml } from '../../../src/config/document.ts';
import { domainFilter } from '../../../src/config/domain-filter.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { settings } from '../../../src/config/settings.ts';
import { errorCodes } from '../../../src/errors.ts';
import { configurationDocs } from '../../../tools/configuration-docs.ts';

const root = join(import.meta.dirname, '../../..');

async function load(text: string, flags: { key: string; option: string; text: string }[] = []) {
  const directory = await mkdtemp(join(tmpdir(), 'lveconf-'));
  try {
    const file = join(directory, 'agent.toml');
    await writeFile(file, text);
    return await loadConfig({ file, env: {}, flags });
  } finally {
    await rm(directory, { recursive: true });
  }
}

describe('documents made from the settings', () => {
  it.each(configurationDocs(root))('$path is up to date', ({ path, expected }) => {
    expect(readFileSync(path, 'utf8'), 'run: npx tsx tools/write-configuration-docs.ts').toBe(expected);
  });

  it('explains every setting in the example', () => {
    const text = exampleToml();
    for (const { name, help } of settings) {
      expect(text).toContain(`#${name} = `);
      expect(text.replaceAll(/\n# /g, ' ')).toContain(help);
    }
  });

  it('gives the defaults when everything in the example is switched on', async () => {
    const active = exampleToml()
      .split('\n')
      .map((line) => line.replace(/^#(?=\S)/, ''))
      // It is refused beside the hypervisors of the example.
      .filter((line) => line !== 'uri = "qemu:///system"');
    const { config } = await load(active.join('\n'));
    const { config: defaults } = await load('');
    for (const section of ['libvirt', 'agentx', 'mib', 'notifications', 'events', 'log'] as const) {
      expect(config[section]).toEqual(defaults[section]);
    }
    expect(config.intervals).toEqual(defaults.intervals);
    expect(config.labels).toHaveLength(1);
    expect(config.hypervisors).toHaveLength(2);
    expect(config.severity).toEqual({ 'paused/user': 'okay', 'event:watchdog': 'failure' });
  });

  it('prints an effective configuration that gives itself again', async () => {
    const text = [
      '[collect]',
      'interval = "1m"',
      "include = ['^web\\d+$']",
      '[severity]',
      '"event:io-error" = "warning"',
      '[[labels]]',
      'name = "title"',
      'xpath = "string(/domain/title)"',
    ].join('\n');
    const first = await load(text, [{ key: 'log.level', option: '--log-level', text: 'debug' }]);
    const printed = effectiveToml(first);
    const second = await load(printed);
    expect({ ...second.config, collect: undefined }).toEqual({ ...first.config, collect: undefined });
    expect(second.config.labels).toEqual(first.config.labels);
    expect(domainFilter(second.config.collect)('web7')).toBe(true);
    expect(domainFilter(second.config.collect)('db7')).toBe(false);
    expect(printed).toContain('interval = "1m"  # file');
    expect(printed).toContain('level = "debug"  # option --log-level');
    expect(printed).toContain('batch_size = 20  # default');
    expect(parse(printed)).toHaveProperty('severity');
  });

  it('masks the user of a URI', async () => {
    const loaded = await load('[libvirt]\nuri = "qemu+tcp://bob@host.example/system"');
    expect(effectiveToml(loaded)).not.toContain('bob');
    expect(loaded.config.libvirt.uri.shown).toBe('qemu+tcp://host.example/system');
    expect(loaded.config.libvirt.uri.text).toContain('bob');
  });
});

describe('docs/errors.md', () => {
  it('explains every error code', async () => {
    const text = await readFile(join(root, 'docs/errors.md'), 'utf8');
    const explained = [...text.matchAll(/^### `(\w+)`$/gm)].map((match) => match[1]);
    expect(explained).toEqual([...errorCodes]);
  });
});
