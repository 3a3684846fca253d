import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsFor } from '../../tools/prometheus/alert.ts';
import { metricsSource, type Source, snmpSource, sources } from '../../tools/prometheus/source.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { guestExec } from '../lab/guest-agent.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { freezeGuestAgent, startUnreadableDisk } from '../lab/provoke.ts';
import { waitUntil } from '../lab/wait.ts';
import { type MonitoredLab, oddName, startMonitoredLab } from './monitored-lab.ts';
import {
  type FiringAlert,
  type PrometheusServer,
  scrapeMetrics,
  scrapeSnmp,
  startPrometheus,
} from './prometheus-server.ts';
import { type SnmpExporter, startSnmpExporter } from './snmp-exporter.ts';

// The alerts as they are shipped, except that they do not wait (`for:`), in a real Prometheus for each source.

let lab: MonitoredLab;
let exporter: SnmpExporter;
const servers = new Map<Source['name'], PrometheusServer>();

function rulesOf({ name }: Source): string {
  const text = readFileSync(`${repositoryPath}/contrib/prometheus/alerts-${name}.yml`, 'utf8');
  return text.replaceAll(/^ +for: .*\n/gm, '');
}

beforeAll(async () => {
  lab = await startMonitoredLab();
  exporter = await startSnmpExporter('0.28');
  for (const source of sources) {
    const configs =
      source.name === 'metrics'
        ? scrapeMetrics('libvirt-metrics', lab.metricsTarget)
        : scrapeSnmp(exporter.address, lab.snmpd.address);
    servers.set(source.name, await startPrometheus(configs, rulesOf(source)));
  }
}, 600_000);

afterAll(async () => {
  for (const server of servers.values()) await server.stop();
  await exporter?.stop();
  await lab?.stop();
});

function serverOf(source: Source): PrometheusServer {
  const server = servers.get(source.name);
  if (server === undefined) throw new Error(`no Prometheus for ${source.name}`);
  return server;
}

async function firing(source: Source, alert: string, domain?: string): Promise<readonly FiringAlert[]> {
  const all = await serverOf(source).alerts();
  return all.filter(
    ({ labels, state }) =>
      state === 'firing' &&
      labels['alertname'] === alert &&
      (domain === undefined || labels['domain'] === domain),
  );
}

async function sees(source: Source, expr: string): Promise<void> {
  await waitUntil(async () => (await serverOf(source).query(expr)).length > 0, {
    what: `${expr} from ${source.name}`,
    timeoutMs: 240_000,
    intervalMs: 500,
  });
}

/** Waits until an alert fires for each source, or for the one; its text has no gap. */
async function comes(alert: string, domain?: string, only: readonly Source[] = sources): Promise<void> {
  for (const source of only) {
    const [found] = await waitUntil(
      async () => {
        const all = await firing(source, alert, domain);
        return all.length > 0 ? all : undefined;
      },
      {
        what: `${alert} from ${source.name}`,
        timeoutMs: 240_000,
        intervalMs: 500,
        context: () => exporter.output(),
      },
    );
    const { summary = '' } = found?.annotations ?? {};
    expect(summary).not.toMatch(/no value|%!|^ | {2}| $/);
    if (domain !== undefined) expect(summary).toContain(domain);
  }
}

async function ends(alert: string, domain?: string): Promise<void> {
  for (const source of sources) {
    await waitUntil(async () => (await firing(source, alert, domain)).length === 0, {
      what: `the end of ${alert} from ${source.name}`,
      timeoutMs: 240_000,
      intervalMs: 500,
    });
  }
}

describe('a VM', () => {
  it('that is paused', async () => {
    await comes('LibvirtDomainWarning', oddName);
    await lab.libvirtd.virsh('resume', oddName);
    await ends('LibvirtDomainWarning', oddName);
  });

  it('that is to start with its host and does not run, and one that stopped', async () => {
    await comes('LibvirtAutostartNotRunning', 'off-1');
    for (const source of sources) expect(await firing(source, 'LibvirtDomainDown', 'off-1')).toEqual([]);
    await lab.libvirtd.start('off-1');
    await ends('LibvirtAutostartNotRunning', 'off-1');
    // It has to have been seen running.
    for (const source of sources) {
      await sees(source, 'libvirt_domain_up{domain="off-1"} == 1');
    }
    await lab.libvirtd.virsh('destroy', 'off-1');
    await comes('LibvirtDomainDown', 'off-1');
    await lab.libvirtd.start('off-1');
    await ends('LibvirtDomainDown', 'off-1');
  });

  it('that is gone is not down', async () => {
    await lab.libvirtd.remove('off-1');
    for (const source of sources) {
      await sees(source, 'libvirt_domain_gone_timestamp_seconds{domain="off-1"}');
      expect(await serverOf(source).query('libvirt_domain_up{domain="off-1"} == 0')).toHaveLength(1);
    }
    await ends('LibvirtDomainDown', 'off-1');
    await ends('LibvirtAutostartNotRunning', 'off-1');
  });

  it('whose disk cannot be read', async () => {
    const disk = await startUnreadableDisk(lab.libvirtd);
    const xml = biosGuest({
      name: 'bad-1',
      type: lab.libvirtd.domainType,
      disks: [{ nbdSocketPath: disk.nbdSocketPath, readErrorPolicy: 'stop', errorPolicy: 'stop' }],
    });
    await lab.libvirtd.run(xml);
    await comes('LibvirtDomainFailure', 'bad-1');
    await comes('LibvirtDiskError', 'bad-1');
    await lab.libvirtd.remove('bad-1');
    await disk.stop();
    await ends('LibvirtDomainFailure', 'bad-1');
    await ends('LibvirtDiskError', 'bad-1');
  });

  it('whose file system is full', async () => {
    await guestExec(lab.libvirtd, 'web-1', 'dd if=/dev/zero of=/mnt/big bs=1M count=16');
    await comes('LibvirtFileSystemFull', 'web-1');
    await guestExec(lab.libvirtd, 'web-1', 'rm /mnt/big');
    await ends('LibvirtFileSystemFull', 'web-1');
  });

  it('whose guest agent falls silent', async () => {
    for (const source of sources) await sees(source, 'libvirt_domain_guest_agent_state{domain="web-1"} == 2');
    await freezeGuestAgent(lab.libvirtd, 'web-1', 600);
    await comes('LibvirtGuestAgentLost', 'web-1');
    await lab.libvirtd.virsh('destroy', 'web-1');
    await lab.libvirtd.start('web-1');
    for (const source of sources) await sees(source, 'libvirt_domain_guest_agent_state{domain="web-1"} == 2');
    await ends('LibvirtGuestAgentLost', 'web-1');
  });
});

describe('what is asked', () => {
  it('libvirt goes away, and figures get old', async () => {
    await lab.libvirtd.stopDaemon();
    await comes('LibvirtDisconnected');
    await comes('LibvirtDataOld');
    await lab.libvirtd.startDaemon();
    await ends('LibvirtDisconnected');
    await ends('LibvirtDataOld');
  });

  it('the agent goes away', async () => {
    await lab.agent.stop();
    await comes('LibvirtAgentLost', undefined, [snmpSource]);
    await comes('LibvirtHostUnreachable', undefined, [metricsSource]);
  });

  it('snmpd goes away', async () => {
    await lab.snmpd.kill();
    await comes('LibvirtHostUnreachable', undefined, [snmpSource]);
  });
});

describe.each(sources)('for $name', (source) => {
  it('Prometheus takes every rule', async () => {
    const refused =
      serverOf(source)
        .output()
        .match(/Evaluating rule failed.*/g) ?? [];
    expect(refused).toEqual([]);
    expect(alertsFor(source).length).toBeGreaterThan(20);
  });
});
