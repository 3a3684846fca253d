import { readFileSync } from 'node:fs';

/** The PDU in test/fixtures/agentx/NAME.hex: hexadecimal digits, with comment lines that start with `#`. */
export function agentxFixture(name: string): Uint8Array {
  const text = readFileSync(new URL(`../fixtures/agentx/${name}.hex`, import.meta.url), 'utf8');
  const digits = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('')
    .replace(/\s/g, '');
  if (digits.length === 0 || digits.length % 2 !== 0 || /[^0-9a-f]/.test(digits)) {
    throw new Error(`${name}.hex is not hexadecimal`);
  }
  return new Uint8Array(Buffer.from(digits, 'hex'));
}
