import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programPath } from '../lab/agent.ts';
import { biosGuest, oddName } from '../lab/domain-xml.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type RunResult, runAnyway } from '../lab/process.ts';

let libvirtd: Libvirtd;

beforeAll(async () => {
  libvirtd = await startLibvirtd();
  await libvirtd.run(biosGuest({ name: oddName, type: libvirtd.domainType }));
  await libvirtd.define(biosGuest({ name: 'off', type: libvirtd.domainType }));
});

afterAll(() => libvirtd.stop());

function dump(...args: readonly string[]): Promise<RunResult> {
  return runAnyway(process.execPath, [programPath, 'dump', '--config', '/dev/null', ...args]);
}

describe('dump', () => {
  it('prints what a walk would show, names and all', async () => {
    const { code, stdout, stderr } = await dump('--uri', libvirtd.uriReadOnly);
    expect(code).toBe(0);
    expect(stderr).not.toContain('"level":"error"');
    expect(stdout).toContain('LIBVIRT-EXT-MIB::lveAgentVersion.0 = STRING: ');
    expect(stdout.split('\n').map((line) => line.replace(/\.\d+ =/, ' ='))).toContain(
      `LIBVIRT-EXT-MIB::lveDomName = STRING: ${oddName}`,
    );
    expect(stdout).toMatch(/^VM-MIB::vmOperState\.\d+ = INTEGER: running\(4\)$/m);
    expect(stdout).toMatch(/^VM-MIB::vmOperState\.\d+ = INTEGER: shutdown\(11\)$/m);
    const oids = stdout.split('\n').filter((line) => line.includes(' = '));
    expect(new Set(oids.map((line) => line.split(' = ')[0])).size).toBe(oids.length);
  });

  it('prints only what is asked for', async () => {
    const { stdout } = await dump('--uri', libvirtd.uriReadOnly, '--only', 'vmName');
    const lines = stdout.split('\n').filter((line) => line !== '');
    expect(lines.every((line) => line.startsWith('VM-MIB::vmName.'))).toBe(true);
    expect(lines.map((line) => line.replace(/^.*? = STRING: /, '')).sort()).toEqual([oddName, 'off']);
  });

  it('prints JSON', async () => {
    const { code, stdout } = await dump('--uri', libvirtd.uriReadOnly, '--format', 'json');
    expect(code).toBe(0);
    expect(JSON.stringify(JSON.parse(stdout))).toContain(JSON.stringify(oddName));
  });

  it('prints what /metrics and InfluxDB would get', async () => {
    const metrics = await dump('--uri', libvirtd.uriReadOnly, '--format', 'prometheus');
    expect(metrics.code).toBe(0);
    expect(metrics.stdout).toContain('\nlibvirt_domain_up{domain="off"} 0\n');
    const influx = await dump('--uri', libvirtd.uriReadOnly, '--format', 'influx');
    expect(influx.code).toBe(0);
    expect(influx.stdout).toMatch(/^cpuTime,vmHost=\S+,vmId=.* cpuTime=[\d.]+,cpus=1i \d{19}$/m);
  });

  it("shows the domain of libvirt's test driver through the same daemon", async () => {
    const uri = `test+unix:///default?socket=${libvirtd.socketReadOnly}`;
    const { code, stdout } = await dump('--uri', uri, '--only', 'lveDomName');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'LIBVIRT-EXT-MIB::lveDomName.1 = STRING: test\n' });
  });

  it('leaves nothing behind and needs no snmpd', async () => {
    const { code, stdout } = await dump(
      '--uri',
      libvirtd.uriReadOnly,
      '--agentx',
      'unix:/nonexistent/master',
    );
    expect(code).toBe(0);
    expect(stdout).toContain('lveConnState.0 = INTEGER: connected(2)');
  });
});
