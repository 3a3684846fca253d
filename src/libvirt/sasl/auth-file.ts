/** What one group of credentials says. */
export interface AuthFileEntry {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly realm: string | undefined;
}

/**
 * Looks a host up in libvirt's `auth.conf` (libvirt, "Connection authentication"): the group
 * `[auth-libvirt-HOST]`, else `[auth-libvirt-default]`, names the group `[credentials-NAME]`. Undefined if
 * neither is there.
 *
 * @throws RangeError, with what is wrong, if a group is missing that another one names.
 */
export function lookUpAuthFile(text: string, host: string): AuthFileEntry | undefined {
  const groups = readGroups(text);
  const name = [`auth-libvirt-${host}`, 'auth-libvirt-default'].find((candidate) => groups.has(candidate));
  if (name === undefined) return undefined;
  const credentials = groups.get(name)?.get('credentials');
  if (credentials === undefined) throw new RangeError(`the group [${name}] does not have "credentials"`);
  const group = groups.get(`credentials-${credentials}`);
  if (group === undefined) {
    throw new RangeError(`there is no group [credentials-${credentials}], which [${name}] names`);
  }
  return { user: group.get('authname'), password: group.get('password'), realm: group.get('realm') };
}

/** Lines `[group]`, `key=value`, and comments after `#` or `;`. */
function readGroups(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const groups = new Map<string, Map<string, string>>();
  let group = new Map<string, string>();
  for (const line of text.split('\n').map((whole) => whole.trim())) {
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const name = /^\[(.*)\]$/.exec(line)?.[1];
    if (name !== undefined) {
      group = groups.get(name) ?? new Map<string, string>();
      groups.set(name, group);
      continue;
    }
    const equals = line.indexOf('=');
    if (equals > 0) group.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
  }
  return groups;
}
