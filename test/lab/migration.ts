import { appendFile } from 'node:fs/promises';
import type { Libvirtd } from './libvirtd.ts';
import { run } from './process.ts';

/** Two nodes with a wire between them. */
export interface NodePair {
  /** Migrates a running domain, its storage not included. */
  migrate(name: string, from: Libvirtd, to: Libvirtd, ...args: readonly string[]): Promise<void>;
}

/** Joins two nodes by a pair of virtual Ethernet devices. */
export async function joinNodes(a: Libvirtd, b: Libvirtd): Promise<NodePair> {
  const addresses = new Map([
    [a, '10.253.0.1'],
    [b, '10.253.0.2'],
  ]);
  await run('nsenter', [
    '--target',
    String(a.namespaces.initPid),
    '--net',
    '--',
    'ip',
    'link',
    'add',
    'wire0',
    'type',
    'veth',
    'peer',
    'name',
    'wire0',
    'netns',
    String(b.namespaces.initPid),
  ]);
  for (const [node, address] of addresses) {
    await node.namespaces.exec('ip', 'address', 'add', `${address}/24`, 'dev', 'wire0');
    await node.namespaces.exec('ip', 'link', 'set', 'wire0', 'up');
    for (const [other, otherAddress] of addresses) {
      await appendFile(node.directory.file('etc-hosts'), `${otherAddress} ${other.hostname}\n`);
    }
  }
  return {
    async migrate(name, from, to, ...args) {
      await from.virsh(
        'migrate',
        '--live',
        '--unsafe',
        '--persistent',
        '--undefinesource',
        ...args,
        '--domain',
        name,
        '--desturi',
        to.uri,
        '--migrateuri',
        `tcp://${addresses.get(to) ?? ''}`,
      );
    },
  };
}
