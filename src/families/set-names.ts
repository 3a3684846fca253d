/**
 * Sets of families; `libvirt` are our own, the others have the names of other exporters. Here by themselves, because the
 * settings name them, and what they are made of is loaded only where it is served.
 */
export const familySets = ['libvirt', 'inovex', 'tinkoff', 'vadvisor', 'nova', 'stat'] as const;
export type FamilySet = (typeof familySets)[number];
