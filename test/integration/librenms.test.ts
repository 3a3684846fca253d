import { readFile, utimes, writeFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programPath } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { makeRawImage } from '../lab/image.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { type RunResult, run, runAnyway } from '../lab/process.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';

/** What LibreNMS's poller reads of each machine and of the totals; a key that is missing is a warning of PHP there. */
const processKeys = [
  ...[
    'usertime',
    'pmem',
    'oublk',
    'minflt',
    'pcpu',
    'mem_alloc',
    'nvcsw',
    'snaps',
    'rss',
    'snaps_size',
    'cpus',
  ],
  ...['cow', 'nivcsw', 'systime', 'vsz', 'etimes', 'majflt', 'inblk', 'nswap'],
];
const diskKeys = ['rbytes', 'rtime', 'rreqs', 'wbytes', 'wtime', 'wreqs', 'ftime', 'freqs'];
const nicKeys = ['ipkts', 'ierrs', 'ibytes', 'idrop', 'opkts', 'oerrs', 'obytes', 'odrop', 'coll'];
const sizeKeys = ['disk_alloc', 'disk_in_use', 'disk_on_disk'];
const stateKeys = [
  ...[
    'on',
    'off',
    'off_hard',
    'off_soft',
    'unknown',
    'paused',
    'crashed',
    'blocked',
    'nostate',
    'pmsuspended',
  ],
];

const shippedPath = `${repositoryPath}/contrib/librenms/hv-monitor`;
/** nsExtendOutputFull of "hv-monitor", as LibreNMS asks for it. */
const extendOid = '.1.3.6.1.4.1.8072.1.3.2.3.1.2.10.104.118.45.109.111.110.105.116.111.114';

let libvirtd: Libvirtd;
let snmpd: Snmpd;
let directory: LabDirectory;
let reportPath: string;

beforeAll(async () => {
  directory = await makeLabDirectory();
  reportPath = directory.file('report');
  const shipped = await readFile(`${shippedPath}/snmpd.conf`, 'utf8');
  [libvirtd, snmpd] = await Promise.all([
    startLibvirtd(),
    startSnmpd({ extraConfig: shipped.replace('/run/libvirt-agentx-hv-monitor/report', reportPath) }),
  ]);
  const { bridge, domainType: type, imagesPath } = libvirtd;
  const path = await makeRawImage(`${imagesPath}/web.raw`, 8);
  await libvirtd.run(
    biosGuest({ name: 'web', type, disks: [{ path }], nics: [bridge === undefined ? {} : { bridge }] }),
  );
  await libvirtd.define(biosGuest({ name: '__proto__', type }));
  await libvirtd.run(biosGuest({ name: 'held', type }));
  await libvirtd.virsh('suspend', 'held');
});

afterAll(async () => {
  await snmpd?.stop();
  await libvirtd?.stop();
  await directory?.remove();
});

/** What the timer starts: the command of the service, with this program for the installed one. */
async function report(uri: string): Promise<RunResult> {
  const service = await readFile(`${shippedPath}/libvirt-agentx-hv-monitor.service`, 'utf8');
  const script = /^ExecStart=\/bin\/sh -c '(.*)'$/m.exec(service)?.[1] ?? '';
  const program = directory.file('libvirt-agentx');
  const options = `--config /dev/null --uri '${uri}'`;
  await writeFile(program, `#!/bin/sh\nexec ${process.execPath} ${programPath} "$@" ${options}\n`, {
    mode: 0o755,
  });
  return runAnyway('/bin/sh', ['-c', script], {
    env: { PATH: `${directory.path}:${process.env['PATH'] ?? ''}`, RUNTIME_DIRECTORY: directory.path },
  });
}

/** What the extend has said. */
async function extended(): Promise<string> {
  const stdout = await run('snmpget', ['-v2c', '-cpublic', '-Oqv', snmpd.address, extendOid]);
  return stdout.trim().replace(/^"|"$/g, '');
}

/** What the poller of LibreNMS makes of it: JSON out of gzip out of base64. */
async function polled(): Promise<Record<string, unknown>> {
  const text = await extended();
  return JSON.parse(gunzipSync(Buffer.from(text, 'base64')).toString()) as Record<string, unknown>;
}

describe("LibreNMS's application hv-monitor", () => {
  it('gets every key it reads, through extend of snmpd', async () => {
    const { code, stderr } = await report(libvirtd.uriReadOnly);
    expect(stderr).not.toContain('"level":"error"');
    expect(code).toBe(0);
    const { data, ...rest } = await polled();
    expect(rest).toEqual({ version: 1, error: 0, errorString: '' });
    const { hv, VMs, totals } = data as {
      readonly hv: string;
      readonly VMs: Readonly<Record<string, Record<string, unknown>>>;
      readonly totals: Readonly<Record<string, unknown>>;
    };
    expect(hv).toBe('libvirt');
    const summed = [...processKeys, ...diskKeys, ...sizeKeys, ...nicKeys];
    expect(Object.keys(totals).sort()).toEqual([...summed, ...stateKeys].sort());
    expect(totals).toMatchObject({ on: 1, paused: 1, off_hard: 1, crashed: 0 });
    expect(Object.keys(VMs).sort()).toEqual(['__proto__', 'held', 'web']);
    for (const vm of Object.values(VMs)) expect(Object.keys(vm)).toEqual(expect.arrayContaining(summed));
    const web = VMs['web'] ?? {};
    expect(web).toMatchObject({ status_int: 1, cpus: 1, disk_alloc: 8 * 1024 ** 2, nvcsw: null });
    expect(web['rss']).toBeGreaterThan(1024 ** 2);
    // Of one CPU since the start, which may have been a moment ago.
    expect(web['etimes']).toBeLessThan(600);
    expect(web['usertime']).toBeGreaterThan(0);
    expect(web['disks']).toMatchObject({ vda: { alloc: 8 * 1024 ** 2, rtime: expect.any(Number) } });
    expect(web['ifs']).toMatchObject({
      nic0: {
        mac: expect.stringMatching(/^([0-9a-f]{2}:){5}/),
        ...(libvirtd.bridge === undefined
          ? {}
          : { ibytes: expect.any(Number), if: expect.stringMatching(/^vnet/) }),
      },
    });
    expect(Object.getOwnPropertyDescriptor(VMs, '__proto__')?.value).toMatchObject({ status_int: 5 });
  });

  it('gets the reason where libvirt cannot be asked', async () => {
    const { code } = await report(`qemu+unix:///system?socket=${directory.file('nobody')}`);
    expect(code).toBe(69);
    // snmpd keeps what an extend has said for five seconds.
    const failed = await waitUntil(
      async () => {
        const read = await polled();
        return read['error'] === 1 && read;
      },
      { what: 'the failure' },
    );
    expect(failed).toMatchObject({ version: 1, errorString: expect.stringContaining('nobody'), data: {} });
  });

  it('gets no report that is old', async () => {
    expect(await extended()).not.toBe('');
    const hourAgo = new Date(Date.now() - 3_600_000);
    await utimes(reportPath, hourAgo, hourAgo);
    await waitUntil(async () => (await extended()) === '', { what: 'the end of the report' });
  });
});
