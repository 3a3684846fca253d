import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exampleToml } from '../src/config/document.ts';
import { type BundledPackage, bundle } from './bundle.ts';
import { programTexts } from './program-text.ts';

// What an installed package has, as a tree below a directory: stage.ts DIRECTORY. The packages of packaging/ and the
// image of its Containerfile are made from it.

const root = fileURLToPath(new URL('..', import.meta.url));
const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: stage.ts DIRECTORY');

const inside = (...path: readonly string[]): string => {
  const file = join(directory, ...path);
  mkdirSync(dirname(file), { recursive: true });
  return file;
};
const write = (path: string, text: string, mode = 0o644) => writeFileSync(inside(path), text, { mode });
const copy = (from: string, ...to: readonly string[]) =>
  cpSync(join(root, from), inside(...to), { recursive: true });

/** A second place for a file that the tree has already: a link, which is right wherever the tree is laid. */
const link = (to: string, path: string) => symlinkSync(relative(dirname(path), to), inside(path));

const home = 'usr/share/libvirt-agentx';
const packages = await bundle(inside(home, 'lib', 'bundle'));
const { version, homepage }: { readonly version: string; readonly homepage?: string } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);
write(
  `${home}/package.json`,
  `${JSON.stringify({ name: 'libvirt-agentx', version, license: 'Apache-2.0', type: 'module' }, undefined, 2)}\n`,
);
copy('mibs', home, 'mibs');
copy('contrib', home, 'contrib');
copy('snmpd.conf.example', home, 'snmpd.conf.example');
const command = readFileSync(join(root, 'bin/libvirt-agentx'), 'utf8');
const own = '"$(dirname "$(readlink -f "$0")")/../dist/cli.js"';
if (!command.includes(own)) throw new Error('bin/libvirt-agentx starts another program');
write('usr/bin/libvirt-agentx', command.replace(own, `/${home}/lib/bundle/libvirt-agentx.js`), 0o755);

// Where net-snmp's tools look for modules. The stand-ins for what these import stay in mibs/imports.
for (const module of ['LIBVIRT-EXT-MIB', 'VM-MIB'])
  link(`${home}/mibs/${module}`, `usr/share/snmp/mibs/${module}.txt`);
write('etc/libvirt-agentx.toml', exampleToml());
copy('packaging/snmpd-libvirt-agentx.conf', 'etc/snmp/snmpd.conf.d/libvirt-agentx.conf');
copy('README.md', 'usr/share/doc/libvirt-agentx', 'README.md');
link(`${home}/snmpd.conf.example`, 'usr/share/doc/libvirt-agentx/snmpd.conf.example');
copy('docs', 'usr/share/doc/libvirt-agentx', 'docs');
// Beside README.md debhelper would take it for its own.
copy('CHANGELOG.md', 'usr/share/doc/libvirt-agentx/docs/CHANGELOG.md');
for (const { path, text } of programTexts()) write(path, text);
write('usr/share/doc/libvirt-agentx/copyright', copyright(packages));

// Whatever the umask was, and whatever that of the checkout: users other than root are to read it.
makeReadable(directory);

function makeReadable(path: string): void {
  const status = statSync(path);
  const isDirectory = status.isDirectory();
  chmodSync(path, isDirectory || (status.mode & 0o100) !== 0 ? 0o755 : 0o644);
  if (isDirectory) for (const name of readdirSync(path)) makeReadable(join(path, name));
}

/** In Debian's machine-readable format, which says all that others want to know as well. */
function copyright(bundled: readonly BundledPackage[]): string {
  const spdx: Readonly<Record<string, string>> = { MIT: 'Expat', 'BSD-3-Clause': 'BSD-3-clause' };
  const parts = bundled.map(({ name, version: its, license, text }, nth) => {
    const holders = [...text.matchAll(/^.*copyright (?:\(c\)|©|\d|[A-Z]).*$/gim)]
      .map(([line]) => line.replace(/^\W*copyright\s*(\(c\)|©)?\s*/i, '').trim())
      .filter((line) => line !== '' && !/notice/i.test(line));
    // Two packages may word the same licence in two ways: a name of its own for each.
    const licence = `${spdx[license] ?? license}-${nth + 1}`;
    const body = text
      .trim()
      .split('\n')
      .map((line) => (line.trim() === '' ? ' .' : ` ${line.trim()}`))
      .join('\n');
    return `Files: ${home}/lib/bundle/*
Copyright: ${holders.join('\n           ') || `the authors of ${name}`}
License: ${licence}
${body}
Comment: ${name} ${its} of the npm registry is a part of these files.`;
  });
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: libvirt-agentx
${homepage === undefined ? '' : `Source: ${homepage}\n`}
Files: *
Copyright: the libvirt-agentx project
License: Apache-2.0
 Licensed under the Apache License, Version 2.0. On Debian systems its text is in
 /usr/share/common-licenses/Apache-2.0.

${parts.join('\n\n')}
`;
}
