import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { freeTcpPort } from '../lab/free-port.ts';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { startProcess } from '../lab/process.ts';

/** A real Prometheus (Debian package `prometheus`). */
export interface PrometheusServer {
  /** What an instant query finds: a row for each series. Throws with Prometheus's words if it refuses the query. */
  query(expr: string): Promise<readonly Row[]>;
  /** The values of a label in the series that match. */
  labelValues(label: string, match: string): Promise<readonly string[]>;
  /** What fires or is about to. */
  alerts(): Promise<readonly FiringAlert[]>;
  output(): string;
  stop(): Promise<void>;
}

export interface Row {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: string;
}

/** A part of scrape_configs. */
export type ScrapeConfig = Readonly<Record<string, unknown>>;

interface Answer<T> {
  readonly status: string;
  readonly error?: string;
  readonly data: T;
}

/** One target that serves /metrics, each second. */
export function scrapeMetrics(job: string, target: string): readonly ScrapeConfig[] {
  return [{ job_name: job, static_configs: [{ targets: [target] }] }];
}

/** What contrib/prometheus/prometheus.example.yml has, for one target and one snmp_exporter, every few seconds. */
export function scrapeSnmp(exporter: string, target: string): readonly ScrapeConfig[] {
  const text = readFileSync(`${repositoryPath}/contrib/prometheus/prometheus.example.yml`, 'utf8')
    .replaceAll('127.0.0.1:9116', exporter)
    .replaceAll('hypervisor-1.example', target);
  const { scrape_configs: configs } = parse(text) as { readonly scrape_configs: readonly ScrapeConfig[] };
  return configs.map((config) => ({ ...config, scrape_interval: '10s', scrape_timeout: '10s' }));
}

/** @param rules the text of a file of rules, evaluated each second. */
export async function startPrometheus(
  scrapeConfigs: readonly ScrapeConfig[],
  rules?: string,
): Promise<PrometheusServer> {
  const directory = await makeLabDirectory();
  const config = directory.file('prometheus.yml');
  if (rules !== undefined) await writeFile(directory.file('rules.yml'), rules);
  await writeFile(
    config,
    JSON.stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      scrape_configs: scrapeConfigs,
      rule_files: rules === undefined ? [] : ['rules.yml'],
    }),
  );
  const listen = `127.0.0.1:${await freeTcpPort()}`;
  const running = await startProcess({
    name: 'prometheus',
    command: 'prometheus',
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${directory.directory('tsdb')}`,
      `--web.listen-address=${listen}`,
    ],
    ready: async () => (await fetch(`http://${listen}/-/ready`)).ok,
    readyTimeoutMs: 60_000,
  });
  const ask = async <T>(path: string, parameters: Readonly<Record<string, string>>): Promise<T> => {
    const url = `http://${listen}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`;
    const answer = (await (await fetch(url)).json()) as Answer<T>;
    if (answer.status !== 'success') throw new Error(`${JSON.stringify(parameters)}: ${answer.error ?? ''}`);
    return answer.data;
  };
  return {
    query: async (query) => (await ask<{ readonly result: readonly Row[] }>('query', { query })).result,
    labelValues: (label, match) => ask(`label/${label}/values`, { 'match[]': match }),
    alerts: async () => (await ask<{ readonly alerts: readonly FiringAlert[] }>('alerts', {})).alerts,
    output: () => running.output(),
    async stop() {
      await running.stop();
      await directory.remove();
    },
  };
}
