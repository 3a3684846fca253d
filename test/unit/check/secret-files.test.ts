import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { exposedSecrets } from '../../../src/check/secret-files.ts';

it('files that everybody can read are told, others and missing ones not', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'secrets-'));
  const path = (name: string): string => join(directory, name);
  for (const [name, mode] of [
    ['own', 0o600],
    ['group', 0o640],
    ['open', 0o644],
  ] as const) {
    await writeFile(path(name), 'secret');
    await chmod(path(name), mode);
  }
  const findings = await exposedSecrets('libvirt', [path('own'), path('group'), path('open'), path('none')]);
  expect(findings).toMatchObject([
    {
      level: 'warn',
      subject: 'libvirt',
      text: `everybody on this host can read the secret in ${path('open')}`,
      remedy: expect.stringContaining(`chmod o-r ${path('open')}`),
    },
  ]);
  await rm(directory, { recursive: true });
});
