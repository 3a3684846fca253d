import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const own: { readonly homepage?: string; readonly repository?: { readonly url: string } } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);

/** What is published, and what makes it. */
const places = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'snmpd.conf.example'].concat(
  ...['.github', 'bin', 'contrib', 'docs', 'mibs', 'packaging', 'src', 'tools'].map((directory) =>
    readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1)),
  ),
);

/** An address on the web in which the project stands, and any of electronic mail that nobody reads. */
const ofTheProject = /https?:\/\/[^\s"'<>)]*libvirt-agentx[^\s"'<>)]*|[\w.+-]+@[\w.-]*noreply[\w.-]*/gi;

it('names no address of the project but those of package.json', () => {
  expect(places.length).toBeGreaterThan(500);
  const known = [own.homepage, own.repository?.url].filter((address) => address !== undefined);
  const others = places.flatMap((path) =>
    [...readFileSync(join(root, path), 'utf8').matchAll(ofTheProject)]
      .filter(([address]) => !known.some((one) => address.startsWith(one)))
      .map(([address]) => `${path}: ${address}`),
  );
  expect(others).toEqual([]);
});
