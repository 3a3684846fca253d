import type { Exchange, Mechanism } from './mechanism.ts';

/** PLAIN (RFC 4616): name and password as they are. */
export const plain: Mechanism = {
  name: 'PLAIN',
  tellsPassword: true,
  hasLayer: false,
  begin: ({ user, password }): Exchange => ({
    first: () => Buffer.from(`\0${user}\0${password}`),
    answer: async () => new Uint8Array(0),
    finish: () => undefined,
  }),
};
