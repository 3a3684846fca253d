import { type SectionName, type SettingRow, sections } from './schema.ts';

/** One setting as people meet it. */
export interface Setting {
  /** Key in the file: `collect.interval`. */
  readonly key: string;
  readonly section: SectionName;
  readonly name: string;
  readonly help: string;
  /** Type and limits in words; completes "must be …". */
  readonly allowed: string;
  readonly unit: string | undefined;
  /** Long option without the dashes. */
  readonly flag: string | undefined;
  /** LIBVIRT_AGENTX_COLLECT_INTERVAL */
  readonly env: string;
  /** Default as it would stand in the file; undefined if there is none. */
  readonly default: unknown;
  /** From the text of an option or a variable to what a file would hold. */
  readonly fromText: (text: string) => unknown;
}

/** All settings of the sections, in the order of the documentation. */
export const settings: readonly Setting[] = (Object.keys(sections) as SectionName[]).flatMap((section) =>
  Object.entries(sections[section] as Readonly<Record<string, SettingRow>>).map(([name, row]) => ({
    key: `${section}.${name}`,
    section,
    name,
    help: row.help,
    allowed: row.allowed,
    unit: row.unit,
    flag: row.flag,
    env: `LIBVIRT_AGENTX_${section}_${name}`.toUpperCase(),
    default: row.fallback,
    fromText: row.fromText,
  })),
);

/** The setting of a key: `collect.interval`. */
export const settingByKey: ReadonlyMap<string, Setting> = new Map(
  settings.map((setting) => [setting.key, setting]),
);

/** The settings that have an option of their own on the command line. */
export const flagSettings: readonly (Setting & { readonly flag: string })[] = settings.flatMap((setting) =>
  setting.flag === undefined ? [] : [{ ...setting, flag: setting.flag }],
);
