import { createHash } from 'node:crypto';

/**
 * The identifier of an element of a template. It follows from the element's place and never changes, so that an
 * import of a later version updates what is there. Zabbix takes only identifiers with the form of UUID version 4.
 */
export function templateUuid(...place: readonly string[]): string {
  const digits = createHash('sha256')
    .update(JSON.stringify(['libvirt-agentx', ...place]))
    .digest('hex');
  const variant = '89ab'[Number.parseInt(digits[16] ?? '0', 16) % 4] ?? '8';
  return `${digits.slice(0, 12)}4${digits.slice(13, 16)}${variant}${digits.slice(17, 32)}`;
}
