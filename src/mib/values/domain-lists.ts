import type { Domain } from '../../model/domain.ts';

/** The longest list, in octets: that of LveText. */
const maxOctets = 1024;

const separator = '; ';

/** The present domains of a severity with their states: `db-1: crashed (panicked); web-2: crashed`. */
export function domainsInSeverity(domains: readonly Domain[], severity: 'warning' | 'failure'): string {
  return listOf(domains, ({ facts }) =>
    facts.severity === severity ? `${facts.name}: ${facts.stateText}` : undefined,
  );
}

/** The present domains whose statistics cannot be read at the moment. */
export function blockedDomains(domains: readonly Domain[]): string {
  return listOf(domains, ({ facts }) => (facts.statsStatus === 'blocked' ? facts.name : undefined));
}

function listOf(domains: readonly Domain[], entryOf: (domain: Domain) => string | undefined): string {
  const entries: string[] = [];
  for (const domain of domains) {
    if (domain.facts.presence === 'gone') continue;
    const entry = entryOf(domain);
    if (entry !== undefined) entries.push(entry);
  }
  return joinWithin(entries, maxOctets);
}

/** As many whole entries as fit into so many octets of UTF-8, and how many more there are. */
export function joinWithin(entries: readonly string[], octets: number): string {
  const whole = entries.join(separator);
  if (Buffer.byteLength(whole) <= octets) return whole;
  let used = 0;
  for (const [at, entry] of entries.entries()) {
    const size = Buffer.byteLength(entry) + separator.length;
    const rest = `and ${entries.length - at} more`;
    if (used + size + Buffer.byteLength(`and ${entries.length - at - 1} more`) > octets) {
      return [...entries.slice(0, at), rest].join(separator);
    }
    used += size;
  }
  return whole;
}
