import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const bootstrap = readFileSync(join(root, 'test/lab/bootstrap.sh'), 'utf8');

/** Programs that come with one that bootstrap.sh looks for, in the same package. */
const companions: Readonly<Record<string, readonly string[]>> = {
  snmpget: ['snmpbulkget', 'snmpset', 'snmptable', 'snmptranslate', 'snmptrap', 'snmpwalk', 'snmpbulkwalk'],
  virsh: ['virt-admin', 'virt-xml-validate'],
  'qemu-nbd': ['qemu-img', 'qemu-io'],
  'qemu-system-x86_64': ['qemu-storage-daemon'],
  'prometheus-snmp-generator': ['prometheus-snmp-exporter'],
  smilint: ['smidump'],
  snmpttconvertmib: ['snmptt'],
  sshd: ['ssh-keygen'],
  ssh: ['ssh-add', 'ssh-agent', 'ssh-keygen', 'ssh-keyscan'],
  nsenter: ['findmnt', 'prlimit', 'setpriv', 'taskset', 'unshare'],
  mount: ['umount'],
};

/** Programs of packages that every Debian has, and Node.js. */
const essential = new Set(
  'apt-cache apt-get bash cat chmod chown cp dd dpkg-deb dpkg-query env false find id kill ldd ln ls mkdir mkfifo nice node perl rm script sed sh sleep stat tar test touch true truncate which'.split(
    ' ',
  ),
);

/** Programs that tests do without where they are not there, and say so. */
const optional = new Set(['chattr', 'systemd-analyze']);

const called = new Map<string, string>();
for (const folder of [
  'test/lab',
  'test/integration',
  'test/unit',
  'test/golden',
  'test/support',
  'test/bench',
]) {
  for (const entry of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.ts')) continue;
    const source = readFileSync(join(root, folder, entry), 'utf8');
    const calls = source.matchAll(
      /(?:\b(?:run|runAnyway|spawn|spawnSync|execFile|execFileSync|exec|promisify\(execFile\))\(\s*|\bcommand: )'([a-z][\w./-]*)'(?! \|)/g,
    );
    for (const [, program = ''] of calls) called.set(program.split('/').at(-1) ?? '', `${folder}/${entry}`);
  }
}

it('installs what the tests call: nothing depends on what happens to be there', () => {
  const looked = [...bootstrap.matchAll(/\bhas ([\w.-]+)|-x \/usr\/sbin\/(\w+)/g)].map(
    ([, name, path]) => name ?? path ?? '',
  );
  const provided = new Set([...looked, ...looked.flatMap((name) => companions[name] ?? [])]);
  if (bootstrap.includes('has_static_busybox')) provided.add('busybox');
  const missing = [...called].filter(
    ([program]) => !provided.has(program) && !essential.has(program) && !optional.has(program),
  );
  expect(missing).toEqual([]);
  expect(called.size).toBeGreaterThan(15);
});
