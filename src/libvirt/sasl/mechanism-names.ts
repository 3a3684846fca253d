/** Names of the mechanisms, the strongest first. */
export const mechanismNames = [
  'SCRAM-SHA-512',
  'SCRAM-SHA-256',
  'SCRAM-SHA-1',
  'DIGEST-MD5',
  'PLAIN',
] as const;

/** A mechanism that is known here. */
export type MechanismName = (typeof mechanismNames)[number];
