import { z } from 'zod';
import type { NamespaceTable } from '../../definition/labels.ts';
import type { FreeTable } from '../setting.ts';

const uriRule = 'must be the URI of a namespace in quotes';

const table = z.record(
  z.string().regex(/^[A-Za-z_][\w.-]*$/),
  z.string({ error: uriRule }).min(1, { error: uriRule }),
  { error: ({ code }) => (code === 'invalid_key' ? 'is no XML prefix' : 'must be a table: [namespaces]') },
);

export const namespaces: FreeTable<NamespaceTable> = {
  schema: table.prefault({}),
  help: 'Prefixes that the rules of labels use beside nova, nova10, ovirt, ovirt-tune, libosinfo, qemu and cockpit.',
  example: '[namespaces]\nacme = "https://acme.example/vm/1.0"',
};
