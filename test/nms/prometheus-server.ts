import { writeFile } from 'node:fs/promises';
import { freeTcpPort } from '../lab/free-port.ts';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { startProcess } from '../lab/process.ts';

/** A real Prometheus (Debian package `prometheus`) that scrapes one target each second. */
export interface PrometheusServer {
  /** What an instant query finds: a row for each series. Throws with Prometheus's words if it refuses the query. */
  query(expr: string): Promise<readonly Row[]>;
  /** The values of a label in the series that match. */
  labelValues(label: string, match: string): Promise<readonly string[]>;
  output(): string;
  stop(): Promise<void>;
}

export interface Row {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

interface Answer<T> {
  readonly status: string;
  readonly error?: string;
  readonly data: T;
}

/** @param target `HOST:PORT` of what serves /metrics. */
export async function startPrometheus(job: string, target: string): Promise<PrometheusServer> {
  const directory = await makeLabDirectory();
  const config = directory.file('prometheus.yml');
  await writeFile(
    config,
    JSON.stringify({
      global: { scrape_interval: '1s' },
      scrape_configs: [{ job_name: job, static_configs: [{ targets: [target] }] }],
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
    output: () => running.output(),
    async stop() {
      await running.stop();
      await directory.remove();
    },
  };
}
