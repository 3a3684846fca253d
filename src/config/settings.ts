import { type SectionName, sections } from './sections.ts';
import { type Elsewhere, fileName, type Section } from './setting.ts';

/** One setting as people meet it. */
export interface Setting {
  /** Key in the file: `collect.extra_stats`. */
  readonly key: string;
  /** Section in the file. */
  readonly section: string;
  /** Name in its section of the file. */
  readonly name: string;
  readonly help: string;
  /** Type and limits in words; completes "must be …". */
  readonly allowed: string;
  readonly unit: string | undefined;
  /** Long option without the dashes. */
  readonly flag: string | undefined;
  /** LIBVIRT_AGENTX_COLLECT_EXTRA_STATS */
  readonly env: string;
  /** What a variable of another program says about it, where it is not given. */
  readonly standIn: { readonly variable: string; readonly read: (text: string) => string } | undefined;
  /** What a file of another program says about it, where nothing else does. */
  readonly elsewhere: Elsewhere | undefined;
  /** Default as it would stand in the file. */
  readonly default: unknown;
  /** From the text of an option or a variable to what a file would hold. */
  readonly fromText: (text: string) => unknown;
}

/** All settings of the sections, in the order of the documentation. */
export const settings: readonly Setting[] = (Object.keys(sections) as SectionName[]).flatMap((name) =>
  settingsOf(fileName(name), sections[name]),
);

function settingsOf(section: string, { settings: declared }: Section): readonly Setting[] {
  return Object.entries(declared).map(([property, { kind, help, flag, standIn, elsewhere, fallback }]) => {
    const name = fileName(property);
    return {
      key: `${section}.${name}`,
      section,
      name,
      help,
      allowed: kind.allowed,
      unit: kind.unit,
      flag,
      env: `LIBVIRT_AGENTX_${section}_${name}`.toUpperCase(),
      standIn,
      elsewhere,
      default: fallback,
      fromText: kind.fromText,
    };
  });
}

/** The setting of a key: `collect.interval`. */
export const settingByKey: ReadonlyMap<string, Setting> = new Map(
  settings.map((setting) => [setting.key, setting]),
);

/** The settings that have an option of their own on the command line. */
export const flagSettings: readonly (Setting & { readonly flag: string })[] = settings.flatMap((setting) =>
  setting.flag === undefined ? [] : [{ ...setting, flag: setting.flag }],
);
