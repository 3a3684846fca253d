import { type SectionName, type SettingMeta, sections } from './schema.ts';

/** One setting as people meet it. */
export interface Setting {
  /** Key in the file: `collect.interval`. */
  readonly key: string;
  readonly section: SectionName;
  readonly name: string;
  readonly help: string;
  readonly unit: string | undefined;
  /** Long option without the dashes. */
  readonly flag: string | undefined;
  /** LIBVIRT_AGENTX_COLLECT_INTERVAL */
  readonly env: string;
  /** Default as it would stand in the file; undefined if there is none. */
  readonly default: unknown;
}

interface Describable {
  meta(): SettingMeta | undefined;
  readonly def: { readonly defaultValue?: unknown };
}

/** All settings of the sections, in the order of the documentation. */
export const settings: readonly Setting[] = (Object.keys(sections) as SectionName[]).flatMap((section) =>
  Object.entries(sections[section] as Readonly<Record<string, unknown>>).map(([name, schema]) => {
    const described = schema as Describable;
    const meta = described.meta();
    return {
      key: `${section}.${name}`,
      section,
      name,
      help: meta?.help ?? '',
      unit: meta?.unit,
      flag: meta?.flag,
      env: `LIBVIRT_AGENTX_${section}_${name}`.toUpperCase(),
      default: described.def.defaultValue,
    };
  }),
);

/** The settings that have an option of their own on the command line. */
export const flagSettings: readonly (Setting & { readonly flag: string })[] = settings.flatMap((setting) =>
  setting.flag === undefined ? [] : [{ ...setting, flag: setting.flag }],
);
