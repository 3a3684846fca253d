import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { startFleet } from '../bench/fleet.ts';
import { type Agent, type ConfigSection, programPath, startAgent } from '../lab/agent.ts';
import { makeAuthority } from '../lab/certificates.ts';
import { freeTcpPort, freeUdpPort } from '../lab/free-port.ts';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { run, runAnyway, startProcess } from '../lab/process.ts';
import { delay, waitUntil } from '../lab/wait.ts';
import { parseExposition } from '../support/exposition.ts';
import { unpackPeers } from './packages.ts';

/*
 * npx tsx test/peers/main.ts, after npm run build: the faces beside SNMP with those who use them. Debian's Prometheus,
 * promtool, prometheus_client, InfluxDB and VictoriaMetrics, and statsd from npm, which are too large for `npm test`, over
 * 1,000 machines of a fake libvirtd. Prints a line for each thing that was seen; the exit code is 1 if one was not.
 */

const domains = 1000;
let failed = 0;

function see(what: string, isSo: boolean, detail: unknown = ''): void {
  if (!isSo) failed += 1;
  process.stdout.write(`${isSo ? 'ok  ' : 'FAIL'} ${what}${detail === '' ? '' : `: ${String(detail)}`}\n`);
}

const peers = await unpackPeers();
const directory = await makeLabDirectory();
const fleet = await startFleet(domains, 0);

async function withAgent(
  config: ConfigSection,
  use: (agent: Agent, url: string) => Promise<void>,
): Promise<void> {
  const agent = await startAgent({
    uri: fleet.uri,
    agentxAddress: 'unix:/nonexistent',
    config: { collect: { interval: 2 }, agentx: { enabled: false }, log: { level: 'info' }, ...config },
  });
  try {
    const line = await waitUntil(() => agent.logLines().find(({ msg }) => msg === 'HTTP is served'), {
      what: 'HTTP',
      timeoutMs: 60_000,
      context: () => agent.stderr().slice(-2000),
    });
    await use(agent, String(line['url']));
  } finally {
    await agent.stop();
  }
}

const text = async (url: string, headers: Record<string, string> = {}): Promise<string> =>
  (await fetch(url, { headers })).text();

async function ready(url: string): Promise<void> {
  await waitUntil(async () => (await fetch(`${url}readyz`)).ok, { what: 'fresh data', timeoutMs: 60_000 });
}

/** promtool and prometheus_client find nothing. */
async function formats(): Promise<void> {
  await withAgent({ http: { address: '127.0.0.1:0' } }, async (_agent, url) => {
    await ready(url);
    const body = directory.file('metrics.txt');
    await writeFile(body, await text(`${url}metrics`));
    const lint = await runAnyway('sh', ['-c', `"$1" check metrics < "$2"`, 'sh', peers.promtool, body]);
    see(
      'promtool check metrics finds nothing',
      lint.code === 0 && lint.stdout + lint.stderr === '',
      lint.stderr,
    );
    const open = directory.file('metrics.om');
    const accept = { accept: 'application/openmetrics-text; version=1.0.0', 'accept-encoding': 'gzip' };
    await writeFile(open, await text(`${url}metrics`, accept));
    const script =
      'import sys\n' +
      'from prometheus_client.openmetrics.parser import text_string_to_metric_families as strict\n' +
      'print(sum(len(f.samples) for f in strict(open(sys.argv[1]).read())))';
    const parsed = await runAnyway('python3', ['-c', script, open], { env: { PYTHONPATH: peers.python } });
    see(
      "prometheus_client's strict parser of OpenMetrics takes it",
      parsed.code === 0,
      parsed.stdout.trim() || parsed.stderr,
    );
  });
}

/** Prometheus scrapes in each way there is, and queries of dashboards have rows. */
async function prometheus(): Promise<void> {
  const authority = await makeAuthority(directory.path);
  const server = await authority.issue('hv1');
  const client = await authority.issue('prometheus');
  const tokens = directory.file('tokens');
  const users = directory.file('users');
  const made = await runAnyway(process.execPath, [programPath, 'credential', '--token', 'p']);
  await writeFile(tokens, made.stdout, { mode: 0o600 });
  const user = ['-c', `printf 'sesame\\n' | "$0" "$1" credential --user anne`, process.execPath, programPath];
  await writeFile(users, await run('sh', user), { mode: 0o600 });
  const tls = { certificate: server.certificate, private_key: server.privateKey };
  const ca = `tls_config: { ca_file: ${authority.certificate}`;
  const ways: readonly (readonly [string, ConfigSection, string])[] = [
    ['plain', {}, ''],
    [
      'TLS and a token',
      { ...tls, tokens_file: tokens },
      `scheme: https\n    ${ca} }\n    authorization: { credentials: ${made.stderr.trim()} }`,
    ],
    [
      'TLS and a user',
      { ...tls, users_file: users },
      `scheme: https\n    ${ca} }\n    basic_auth: { username: anne, password: sesame }`,
    ],
    [
      'a client certificate',
      { ...tls, client_ca: authority.certificate },
      `scheme: https\n    ${ca}, cert_file: ${client.certificate}, key_file: ${client.privateKey} }`,
    ],
  ];
  for (const [way, http, scrape] of ways) {
    const isOpen = way !== 'plain';
    const port = await freeTcpPort();
    await withAgent(
      { http: { address: `${isOpen ? '0.0.0.0' : '127.0.0.1'}:${port}`, ...http } },
      async () => {
        const listen = `127.0.0.1:${await freeTcpPort()}`;
        const config = directory.file(`prometheus-${port}.yml`);
        await writeFile(
          config,
          `scrape_configs:\n  - job_name: libvirt\n    scrape_interval: 2s\n    static_configs: [{ targets: ["127.0.0.1:${port}"] }]\n    ${scrape}\n`,
        );
        await using running = await startProcess({
          name: 'prometheus',
          command: peers.prometheus,
          args: [
            `--config.file=${config}`,
            `--storage.tsdb.path=${directory.directory(`tsdb-${port}`)}`,
            `--web.listen-address=${listen}`,
          ],
        });
        const query = async (promql: string): Promise<readonly { value: [number, string] }[]> => {
          const answer = await fetch(`http://${listen}/api/v1/query?query=${encodeURIComponent(promql)}`);
          return ((await answer.json()) as { data: { result: { value: [number, string] }[] } }).data.result;
        };
        const up = await waitUntil(async () => (await query('up == 1'))[0], {
          what: `a scrape by ${way}`,
          timeoutMs: 30_000,
          context: () => running.output().slice(-1500),
        }).catch(() => undefined);
        see(`Prometheus scrapes by ${way}`, up !== undefined);
        if (isOpen || up === undefined) return;
        await delay(6000);
        for (const promql of [
          'count(libvirt_domain_up == 1)',
          'libvirt_up',
          'sum by (domain) (rate(libvirt_domain_info_cpu_time_seconds_total[1m]))',
          'sum by (domain) (rate(libvirt_domain_interface_stats_receive_bytes_total[1m])) * 8',
          'rate(libvirt_domain_block_stats_read_bytes_total[1m])',
          'libvirt_domain_info_memory_usage_bytes / libvirt_domain_info_maximum_memory_bytes',
          'libvirt_domain_info_virtual_cpus * on (domain) group_left (uuid) libvirt_domain_info',
        ]) {
          const rows = await query(promql);
          see(`has rows: ${promql}`, rows.length > 0, rows.length);
        }
        const [count] = await query('count({__name__=~"libvirt_.*"})');
        const [samples] = await query('scrape_samples_scraped');
        see('stores every sample', count?.value[1] === samples?.value[1], samples?.value[1]);
        see('sees no duplicates', !running.output().includes('duplicate'));
      },
    );
  }
}

/** InfluxDB that wants a password and is restarted in the middle, and VictoriaMetrics. */
async function influx(): Promise<void> {
  const [api, rpc] = [await freeTcpPort(), await freeTcpPort()];
  const data = directory.directory('influx');
  const config = directory.file('influx.conf');
  await writeFile(
    config,
    `reporting-disabled = true\nbind-address = "127.0.0.1:${rpc}"\n[meta]\ndir = "${data}/meta"\n[data]\ndir = "${data}/data"\n` +
      `wal-dir = "${data}/wal"\n[http]\nbind-address = "127.0.0.1:${api}"\nauth-enabled = true\nlog-enabled = false\n`,
  );
  const url = `http://127.0.0.1:${api}`;
  const start = () =>
    startProcess({
      name: 'influxd',
      command: peers.influxd,
      args: ['-config', config],
      ready: async () => (await fetch(`${url}/ping`).catch(() => undefined))?.ok === true,
      readyTimeoutMs: 60_000,
    });
  let server = await start();
  const ask = async (q: string): Promise<string> => {
    const authorization = `Basic ${Buffer.from('puls:pulsPassword').toString('base64')}`;
    const answer = await fetch(`${url}/query?${new URLSearchParams({ db: 'puls', q }).toString()}`, {
      method: q.startsWith('CREATE') ? 'POST' : 'GET',
      headers: { authorization },
    });
    return answer.text();
  };
  await ask("CREATE USER puls WITH PASSWORD 'pulsPassword' WITH ALL PRIVILEGES");
  const password = directory.file('password');
  await writeFile(password, 'wrong\n', { mode: 0o600 });
  const influxdb = { url, user: 'puls', password_file: password, interval: 2 };
  await withAgent({ http: { address: '127.0.0.1:0' }, influxdb }, async (agent, base) => {
    await agent.waitForLog('401', 30_000);
    see('InfluxDB refuses a wrong password, and a warning says so', true);
    await writeFile(password, 'pulsPassword\n');
    await agent.waitForLog('404', 60_000);
    see('InfluxDB has no such database, and a warning says so', true);
    await ask('CREATE DATABASE puls');
    await waitUntil(async () => (await ask('SELECT COUNT(cpuTime) FROM cpuTime')).includes('series'), {
      what: 'points',
      timeoutMs: 90_000,
    });
    const dashboard = `SELECT DERIVATIVE(MEAN("cpuTime"),1s) FROM cpuTime WHERE vmId='vm-00001' AND time > now() - 5m GROUP BY time(2s)`;
    await waitUntil(async () => (await ask(dashboard)).includes('derivative'), {
      what: 'rows of the dashboard',
      timeoutMs: 60_000,
    });
    see("the CPU query of cs-pulse's dashboard has rows", true);
    await server.kill();
    await agent.waitForLog('does not take writes', 60_000);
    await delay(6000);
    server = await start();
    await waitUntil(() => agent.logLines().filter(({ msg }) => msg === 'push works again').length > 0, {
      what: 'the end of the trouble',
      timeoutMs: 120_000,
    });
    const dropped = parseExposition(await text(`${base}metrics?collect[]=push`)).find(
      ({ name, labels }) => name === 'libvirt_push_dropped_lines_total' && labels['target'] === 'influxdb',
    );
    see(
      'InfluxDB restarted: what waited was written, nothing was dropped',
      dropped?.value === 0,
      dropped?.value,
    );
    const count = await ask(`SELECT COUNT(cpuTime) FROM cpuTime WHERE vmId='vm-00001'`);
    see(
      'points of all refreshes',
      /\[\["1970-01-01T00:00:00Z",\d+\]\]/.test(count),
      /Z",(\d+)/.exec(count)?.[1],
    );
  });
  await server.stop();

  const port = await freeTcpPort();
  await using victoria = await startProcess({
    name: 'victoria-metrics',
    command: peers.victoriaMetrics,
    args: [`-storageDataPath=${directory.directory('victoria')}`, `-httpListenAddr=127.0.0.1:${port}`],
    ready: async () => (await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined))?.ok === true,
  });
  for (const [apiName, profile, series] of [
    ['v1', 'pulse', 'cpuTime_cpuTime'],
    ['v2', 'native', 'lveDiskTable_lveDiskCapacity'],
  ] as const) {
    const to = { url: `http://127.0.0.1:${port}`, api: apiName, profile, bucket: 'b', org: 'o', interval: 2 };
    await withAgent({ http: { address: '127.0.0.1:0' }, influxdb: to }, async () => {
      const rows = await waitUntil(
        async () => {
          const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=count(${series})`);
          const found = ((await answer.json()) as { data: { result: { value: [number, string] }[] } }).data
            .result[0];
          return found?.value[1];
        },
        { what: series, timeoutMs: 90_000, context: () => victoria.output().slice(-1000) },
      ).catch(() => undefined);
      see(`VictoriaMetrics takes ${apiName} writes of ${profile}`, rows !== undefined, `${rows} series`);
    });
  }
}

/** What statsd adds up is what the counters grew by. */
async function statsd(): Promise<void> {
  const [port, management] = [await freeUdpPort(), await freeTcpPort()];
  const config = directory.file('statsd.js');
  await writeFile(
    config,
    `{ port: ${port}, address: "127.0.0.1", mgmt_port: ${management}, mgmt_address: "127.0.0.1", backends: [], flushInterval: 3600000 }`,
  );
  await using server = await startProcess({
    name: 'statsd',
    command: process.execPath,
    args: [peers.statsd, config],
  });
  const ask = (command: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(management, '127.0.0.1', () => socket.write(`${command}\n`));
      socket.on('data', (chunk) => {
        answer += chunk.toString();
        if (answer.includes('END')) socket.end();
      });
      socket.on('close', () => resolve(answer)).on('error', reject);
    });
  await waitUntil(async () => (await ask('stats').catch(() => '')) !== '', {
    what: 'statsd',
    context: () => server.output(),
  });
  const uuid = '6f2d1c00-0000-4000-8000-000000000001';
  const to = { host: '127.0.0.1', port, interval: 3 };
  await withAgent(
    { collect: { interval: 1 }, http: { address: '127.0.0.1:0' }, statsd: to },
    async (_agent, url) => {
      await ready(url);
      await delay(20_000);
      const sent = parseExposition(await text(`${url}metrics?collect[]=push_lines`))[0]?.value ?? 0;
      const counters = await ask('counters');
      const received = Number(/'statsd.metrics_received': (\d+)/.exec(counters)?.[1]);
      const bad = Number(/'statsd.bad_lines_seen': (\d+)/.exec(counters)?.[1]);
      see('statsd receives every line', received >= sent && sent > 10_000, `${received} of ${sent}`);
      see('statsd finds no bad line', bad === 0, bad);
      const sum = Number(new RegExp(`'vm.${uuid}.cpu.total': (\\d+)`).exec(counters)?.[1]);
      const sample = (await (await fetch(`${url}api/v1.0/stats/${uuid}?live=true`)).json()) as Record<
        string,
        { cpu: { usage: { cpu_time: number } } }[]
      >;
      const total = sample[uuid]?.[0]?.cpu.usage.cpu_time ?? 0;
      see(
        'what it adds up is what the counter grew by',
        sum > 0 && sum < total,
        `${sum} ms of ${Math.round(total)} ms`,
      );
    },
  );
}

/** What check says of a target, with these settings. */
async function checked(...settings: readonly string[]): Promise<string> {
  const set = settings.flatMap((each) => ['--set', each]);
  const args = ['check', '--config', '/dev/null', '--uri', fleet.uri, ...set];
  return (await runAnyway(process.execPath, [programPath, ...args])).stdout;
}

/** Receivers of OTLP: one of protobuf that is away for a while, and one of JSON. */
async function otlp(): Promise<void> {
  const port = await freeTcpPort();
  const url = `http://127.0.0.1:${port}/opentelemetry`;
  const data = directory.directory('victoria-otlp');
  const start = () =>
    startProcess({
      name: 'victoria-metrics',
      command: peers.victoriaMetricsOtlp,
      args: [
        `-storageDataPath=${data}`,
        `-httpListenAddr=127.0.0.1:${port}`,
        '-search.latencyOffset=0s',
        '-search.disableCache',
      ],
      ready: async () => (await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined))?.ok === true,
      readyTimeoutMs: 60_000,
    });
  const query = async (promql: string): Promise<string | undefined> => {
    const parameters = new URLSearchParams({ query: promql });
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?${parameters.toString()}`);
    const { data: found } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return found.result[0]?.value[1];
  };
  see('check tells of a receiver that is away', (await checked(`otlp.url=${url}`)).includes('fail otlp:'));
  const http = { address: '127.0.0.1:0' };
  await withAgent({ http, otlp: { url, interval: 2, instance: 'hv1' } }, async (agent, base) => {
    await agent.waitForLog('does not take writes', 60_000);
    see('a receiver that is away is told of', true);
    let server = await start();
    const all = async (): Promise<boolean> =>
      (await query('count(libvirt_domain_up == 1)')) === String(domains);
    await waitUntil(all, {
      what: 'all machines',
      timeoutMs: 120_000,
      context: () => server.output().slice(-2000),
    });
    see('VictoriaMetrics takes OTLP in protobuf, what waited included', true);
    const scraped = await text(`${base}metrics`);
    const families = new Set(
      parseExposition(scraped).flatMap(({ name }) => (name.startsWith('libvirt_push') ? [] : name)),
    );
    // What was received is found a little later.
    const becomes = (promql: string, expected: number): Promise<boolean> =>
      waitUntil(async () => (await query(promql)) === String(expected), { what: promql, timeoutMs: 60_000 })
        .then(() => true)
        .catch(() => false);
    const names = 'count(count by (__name__) ({__name__=~"libvirt_.*"}))';
    see(
      'under the names of /metrics, all of them',
      await becomes(names, families.size),
      `${await query(names)} of ${families.size}`,
    );
    const cpu = 'count(rate(libvirt_domain_info_cpu_time_seconds_total[1m]))';
    see('a rate has a row for each machine', await becomes(cpu, domains), await query(cpu));
    see('check says that it takes writes', (await checked(`otlp.url=${url}`)).includes('takes writes'));
    const json = await checked(`otlp.url=${url}`, 'otlp.encoding=json');
    see('check tells of an encoding that it does not take', json.includes('Set otlp.encoding'));
    await server.kill();
    const failures = async (): Promise<number> =>
      parseExposition(await text(`${base}metrics?collect[]=push_failures`))[0]?.value ?? 0;
    const before = await failures();
    await waitUntil(async () => (await failures()) > before, { what: 'a failure', timeoutMs: 60_000 });
    server = await start();
    await waitUntil(() => agent.logLines().filter(({ msg }) => msg === 'push works again').length > 0, {
      what: 'the end of the trouble',
      timeoutMs: 120_000,
    });
    const dropped = parseExposition(await text(`${base}metrics?collect[]=push_dropped`))[0]?.value;
    see('restarted: what waited was taken, nothing was dropped', dropped === 0, dropped);
    await server.stop();
  });
  const jsonPort = await freeTcpPort();
  await using receiver = await startProcess({
    name: 'mockotlpserver',
    command: process.execPath,
    args: ['-e', receiverScript, peers.otlpReceiver, String(jsonPort)],
    ready: (output) => output.includes('listening'),
    readyTimeoutMs: 60_000,
  });
  const to = { url: `http://127.0.0.1:${jsonPort}`, encoding: 'json', compression: 'none', interval: 2 };
  await withAgent({ http, otlp: to }, async (_agent, base) => {
    const sent = async (): Promise<number> =>
      parseExposition(await text(`${base}metrics?collect[]=push_lines`))[0]?.value ?? 0;
    const points = (): number =>
      [...receiver.stdout().matchAll(/^points (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
    await waitUntil(async () => (await sent()) > 100_000, { what: 'points', timeoutMs: 120_000 });
    const told = await sent();
    await waitUntil(() => points() >= told, { what: 'all of them', timeoutMs: 60_000 });
    see("Elastic's receiver takes OTLP in JSON, and reads every point", true, `${told} points`);
    see('with their attributes', receiver.stdout().includes('cpu of vm-00001'));
  });
}

/** Prints how many points each request has, and of one machine its CPU time. */
const receiverScript = `
const { MockOtlpServer, normalizeMetrics } = require(process.argv[1]);
const onMetrics = (raw) => {
  const metrics = normalizeMetrics(raw).resourceMetrics.flatMap((one) => one.scopeMetrics).flatMap((one) => one.metrics);
  const points = metrics.flatMap(({ name, sum, gauge }) => (sum ?? gauge).dataPoints.map((point) => ({ name, ...point })));
  console.log('points ' + points.length);
  const cpu = 'libvirt_domain_info_cpu_time_seconds_total';
  const one = points.find(({ name, attributes }) => name === cpu && attributes.domain === 'vm-00001');
  if (one !== undefined) console.log('cpu of vm-00001: ' + one.asDouble);
};
new MockOtlpServer({ services: ['http'], httpHostname: '127.0.0.1', httpPort: Number(process.argv[2]), onMetrics })
  .start()
  .then(() => console.log('listening'));
`;

const only = process.argv.slice(2);
for (const [name, part] of Object.entries({ formats, prometheus, influx, statsd, otlp })) {
  if (only.length > 0 && !only.includes(name)) continue;
  try {
    await part();
  } catch (error) {
    see(name, false, error instanceof Error ? error.stack : error);
  }
}
await fleet[Symbol.asyncDispose]();
await directory.remove();
process.exit(failed === 0 ? 0 : 1);
