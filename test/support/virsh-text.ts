/** Reading what virsh prints: the referee for everything that the agent reads from libvirt. */

/** Values by name, as printed. */
export type Printed = ReadonlyMap<string, string>;

/** `virsh domstats --raw`: parameters by domain. */
export function parseDomstats(text: string): ReadonlyMap<string, Printed> {
  const domains = new Map<string, Printed>();
  let current = new Map<string, string>();
  for (const line of text.split('\n')) {
    const name = /^Domain: '(.*)'$/.exec(line)?.[1];
    if (name !== undefined) {
      current = new Map();
      domains.set(name, current);
      continue;
    }
    const [, key, value] = /^ {2}([^=]+)=(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) current.set(key, value);
  }
  return domains;
}

/** `Key:   value` lines: dominfo, domblkinfo, nodecpustats, nodememstats, nodeinfo. */
export function parseLines(text: string): Printed {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, key, value] = /^(.+?)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values.set(key, value);
  }
  return values;
}

/** Blocks of `Key: value` lines, separated by blank lines: vcpuinfo. */
export function parseBlocks(text: string): readonly Printed[] {
  return text
    .split(/\n\s*\n/)
    .filter((block) => block.trim() !== '')
    .map(parseLines);
}

/** Rows of cells, without header (`virsh -q`): domblklist, domiflist, vcpupin. */
export function parseRows(text: string): readonly (readonly string[])[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => line.split(/\s{2,}/));
}
