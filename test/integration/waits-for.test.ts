import { afterAll, beforeAll, expect, it } from 'vitest';
import { CallTimeoutError, LibvirtConnection } from '../../src/libvirt/connection.ts';
import { isForbidden, LibvirtError } from '../../src/libvirt/libvirt-error.ts';
import * as procedures from '../../src/libvirt/procedures.ts';
import type { DomainRef, Procedure } from '../../src/libvirt/protocol.ts';
import { parseLibvirtUri } from '../../src/libvirt/uri.ts';
import { silentLogger } from '../../src/log.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';

type AnyProcedure = Procedure<unknown, unknown>;

/** Those of the handshake, and the goodbye: they are not made in between. */
const apart = new Set(
  'authList authPolkit authSaslInit authSaslStart authSaslStep connectOpen connectClose'.split(' '),
);

let libvirtd: Libvirtd;
let hung: number;
const open: LibvirtConnection[] = [];

beforeAll(async () => {
  // No ordinary worker but one.
  libvirtd = await startLibvirtd({ extraLibvirtdConfig: 'min_workers = 1\nmax_workers = 1' });
  for (const name of ['hung', 'well']) await libvirtd.run(biosGuest({ name, type: libvirtd.domainType }));
  await libvirtd.virsh('snapshot-create-as', 'well', 'first', '--no-metadata').catch(() => undefined);
  hung = await libvirtd.qemuPid('hung');
});

afterAll(async () => {
  if (hung !== undefined) process.kill(hung, 'SIGCONT');
  await Promise.all(open.map((connection) => connection.close()));
  await libvirtd?.stop();
});

async function connect(): Promise<LibvirtConnection> {
  const target = parseLibvirtUri(libvirtd.uriReadOnly);
  const connection = await LibvirtConnection.open(target, { readOnly: true, logger: silentLogger });
  open.push(connection);
  return connection;
}

/** Makes a call. What it asks about need not exist. */
async function ask(
  connection: LibvirtConnection,
  procedure: AnyProcedure,
  domain: DomainRef,
  timeoutMs: number,
): Promise<unknown> {
  const named = { name: 'x', uuid: domain.uuid };
  const args = {
    domain,
    domains: [domain],
    ...{ flags: 0, nparams: 0, cpuNum: -1, cellNum: -1, startCell: 0, maxCells: 1, cellCount: 1 },
    ...{ pageSizesKib: [4], needMap: true, needOnline: true, maxInfo: 1, mapLength: 1, vcpus: 1, stats: 1 },
    ...{ maxErrors: 1, path: 'vda', disk: 'vda', device: 'vnet0', types: 0, mac: undefined, eventId: 0 },
    ...{ pool: named, network: named, snapshot: { name: 'first', domain } },
  };
  return await connection.call(procedure, args, { timeoutMs });
}

/** Whether libvirtd answers a call, be it with an error. */
async function isAnswered(...call: Parameters<typeof ask>): Promise<boolean> {
  try {
    await ask(...call);
    return true;
  } catch (error) {
    if (error instanceof LibvirtError) return true;
    if (error instanceof CallTimeoutError) return false;
    throw error;
  }
}

it('a read-only connection is refused the calls that need the right to write, and no others', async () => {
  const connection = await connect();
  const domains = await connection.call(procedures.connectListAllDomains, { flags: 0 });
  const well = domains.find((domain) => domain.name === 'well');
  if (well === undefined) throw new Error('no domain');
  const all = (Object.values(procedures) as unknown as AnyProcedure[]).filter(({ name }) => !apart.has(name));
  const refused: string[] = [];
  for (const procedure of all) {
    try {
      await ask(connection, procedure, well, 10_000);
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error;
      if (isForbidden(error)) refused.push(`${procedure.name} ${procedure.waitsFor}`);
    }
  }
  const declared = all.filter(({ needsWrite }) => needsWrite);
  expect(declared.length).toBeGreaterThan(2);
  expect(refused).toEqual(declared.map(({ name, waitsFor }) => `${name} ${waitsFor}`));
});

it('only calls that wait for nothing are answered while every ordinary worker is stuck', async () => {
  const control = await connect();
  const domains = await control.call(procedures.connectListAllDomains, { flags: 0 });
  const [stuck, well] = ['hung', 'well'].map((name) => domains.find((domain) => domain.name === name));
  if (stuck === undefined || well === undefined) throw new Error('no domains');
  process.kill(hung, 'SIGSTOP');
  const jam = await connect();
  const args = { domain: stuck, maxErrors: 1, flags: 0 };
  const jammed = jam.call(procedures.domainGetDiskErrors, args, { timeoutMs: 500 });
  await expect(jammed).rejects.toBeInstanceOf(CallTimeoutError);

  const all = Object.values(procedures) as unknown as AnyProcedure[];
  const free = all.filter(({ waitsFor, name }) => waitsFor === 'nothing' && !apart.has(name));
  expect(free.length).toBeGreaterThan(12);
  for (const procedure of free) {
    expect([procedure.name, await isAnswered(control, procedure, well, 10_000)]).toEqual([
      procedure.name,
      true,
    ]);
  }
  // Of the others those that take an ordinary worker are not. What only other daemons may delay is answered here.
  const waiting = all.filter(({ waitsFor }) => waitsFor === 'worker' || waitsFor === 'monitor');
  for (const procedure of waiting.filter(({ name }) => !apart.has(name) && !slowOnly.has(name))) {
    const connection = await connect();
    expect([procedure.name, await isAnswered(connection, procedure, well, 300)]).toEqual([
      procedure.name,
      false,
    ]);
  }
});

/** Priority workers serve these too; they may take their time: name service, a look at the hypervisor's binaries. */
const slowOnly = new Set(['connectGetHostname', 'connectGetVersion']);
