/** The export formats of Zabbix that are written: 6.0 is taken by 6.0 to 7.x, 7.0 reads tables by `walk[]`. */
export type Release = '6.0' | '7.0';

export const releases: readonly Release[] = ['6.0', '7.0'];
