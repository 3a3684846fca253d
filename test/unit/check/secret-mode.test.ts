import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { secretModeFinding } from '../../../src/check/secret-mode.ts';

it('a file that is open to everybody is told, others, missing ones and directories not', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'secrets-'));
  await chmod(directory, 0o755);
  const path = (name: string): string => join(directory, name);
  for (const [name, mode] of [
    ['own', 0o600],
    ['group', 0o640],
    ['open', 0o644],
  ] as const) {
    await writeFile(path(name), 'secret');
    await chmod(path(name), mode);
  }
  expect(await secretModeFinding('libvirt', path('open'))).toMatchObject({
    level: 'warn',
    subject: 'libvirt',
    problem: 'secret-open',
    text: `${path('open')} is open to everybody on this host (mode 0644)`,
    remedy: expect.stringContaining(`chmod o-rwx ${path('open')}`),
  });
  for (const other of [path('own'), path('group'), path('none'), directory, '']) {
    expect(await secretModeFinding('libvirt', other)).toBeUndefined();
  }
  await rm(directory, { recursive: true });
});
