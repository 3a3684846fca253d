import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { freeTcpPort } from '../lab/free-port.ts';
import { sweepAbandoned } from '../lab/lab-directory.ts';
import { type RunningProcess, startProcess } from '../lab/process.ts';
import { waitUntil } from '../lab/wait.ts';
import { type ZabbixRelease, zabbixRoot } from './zabbix-root.ts';

/** A real Zabbix: PostgreSQL, server and frontend of a Debian release, in its own root, on loopback ports. */
export interface ZabbixServer {
  readonly release: ZabbixRelease;
  /** Where the frontend answers: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Calls a method of the JSON-RPC API as Admin. */
  call<T>(method: string, params: unknown): Promise<T>;
  /** Has the server read its configuration now. */
  reload(): void;
  /** Whether the server has read its configuration again since {@link reload}. */
  knowsInterface(): boolean;
  /**
   * Has PostgreSQL look at what is in its tables now. Without, it may plan a question of `host.create` about triggers of
   * many functions in such a way that 6.0 waits for minutes, until autovacuum comes by.
   */
  analyze(): void;
  /** Appends to the file that the server takes traps from. */
  writeTrap(text: string): void;
  readonly trapFile: string;
  log(): string;
  stop(): Promise<void>;
}

const homePrefix = 'zabbix-';
const preparedData = '/var/lib/zabbix-postgres';

/** Starts Zabbix; needs root. The first start of a release prepares its data base, which takes a minute. */
export async function startZabbix(release: ZabbixRelease): Promise<ZabbixServer> {
  const root = zabbixRoot(release);
  const databasePort = await freeTcpPort();
  const serverPort = await freeLowPort();
  const frontendPort = await freeTcpPort();
  const inRoot = (path: string): string => `${root}${path}`;
  await sweepAbandoned(inRoot('/var/tmp'), homePrefix);
  const home = `/var/tmp/${homePrefix}${process.pid}-${databasePort}`;
  mkdirSync(inRoot(home), { recursive: true });
  const closers: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.reverse()) await close();
    closers.length = 0;
    rmSync(inRoot(home), { recursive: true, force: true });
  };
  try {
    writeFileSync(inRoot('/etc/zabbix/zabbix.conf.php'), frontendConfig);
    prepareDatabase(root);
    run(root, ['cp', '-a', preparedData, `${home}/postgres`]);
    const postgres = await startPostgres(root, `${home}/postgres`, databasePort);
    closers.push(() => postgres.stop(10_000));

    const trapFile = `${home}/traps.log`;
    writeFileSync(inRoot(trapFile), '');
    writeFileSync(
      inRoot(`${home}/zabbix_server.conf`),
      `${[
        'DBHost=127.0.0.1',
        `DBPort=${databasePort}`,
        'DBName=zabbix',
        'DBUser=postgres',
        `ListenPort=${serverPort}`,
        'ListenIP=127.0.0.1',
        'LogType=console',
        `PidFile=${home}/server.pid`,
        `SocketDir=${home}`,
        'AllowRoot=1',
        'StartPollers=2',
        'StartPollersUnreachable=1',
        'StartPingers=1',
        'StartDiscoverers=1',
        'StartHTTPPollers=1',
        'StartSNMPTrapper=1',
        `SNMPTrapperFile=${trapFile}`,
        'CacheUpdateFrequency=5',
        'FpingLocation=/usr/bin/fping',
        'Timeout=10',
        // Trends of many items at once would need more than the default for a few hundred machines.
        'TrendCacheSize=16M',
      ].join('\n')}\n`,
    );
    const config = `${home}/zabbix_server.conf`;
    const server = await startProcess({
      name: `zabbix_server ${release}`,
      // Killed with us, it would leave its many processes behind, if they had no namespace that ends with it.
      command: 'unshare',
      args: [
        ...['--pid', '--ipc', '--fork', '--kill-child', '--', 'chroot', root],
        ...['zabbix_server', '-f', '-c', config],
      ],
      ready: (output) => output.includes('snmp trapper'),
      readyTimeoutMs: 60_000,
    });
    // unshare waits for its child whatever else it is told.
    closers.push(() => server.kill());
    const pages = await startProcess({
      name: 'frontend',
      command: 'chroot',
      args: [
        root,
        'php',
        ...['memory_limit=512M', 'post_max_size=64M', 'max_execution_time=300', 'max_input_time=300'].flatMap(
          (setting) => ['-d', setting],
        ),
        '-S',
        `127.0.0.1:${frontendPort}`,
        '-t',
        '/usr/share/zabbix',
      ],
      env: {
        ZABBIX_DB_PORT: String(databasePort),
        ZABBIX_SERVER_PORT: String(serverPort),
      },
      ready: async () =>
        (await fetch(`http://127.0.0.1:${frontendPort}/api_jsonrpc.php`, { method: 'POST' })).status > 0,
      readyTimeoutMs: 30_000,
    });
    closers.push(() => pages.stop(10_000));
    const url = `http://127.0.0.1:${frontendPort}`;
    const session = await logIn(url);
    let before = 0;
    return {
      release,
      url,
      call: async (method, params) => {
        try {
          return await callApi(url, method, params, session);
        } catch (error) {
          // What does it wait for?
          if (!(error instanceof Error) || error.name !== 'TimeoutError') throw error;
          throw new Error(`${method} does not come back.\n${activity(root, databasePort)}`, { cause: error });
        }
      },
      knowsInterface: () =>
        /forced reloading of the configuration cache|configuration syncer/.test(
          server.output().slice(before),
        ),
      reload: () => {
        before = server.output().length;
        run(root, ['zabbix_server', '-c', config, '-R', 'config_cache_reload']);
      },
      analyze: () => {
        query(root, databasePort, 'ANALYZE');
      },
      writeTrap: (text) => appendFileSync(inRoot(trapFile), text),
      trapFile: inRoot(trapFile),
      log: () => server.output(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A free port that Zabbix takes as ListenPort: below 32768. */
async function freeLowPort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

/** The ports come from the environment, so that several servers may use one root. */
const frontendConfig = `<?php
$DB['TYPE'] = 'POSTGRESQL';
$DB['SERVER'] = '127.0.0.1';
$DB['PORT'] = getenv('ZABBIX_DB_PORT');
$DB['DATABASE'] = 'zabbix';
$DB['USER'] = 'postgres';
$DB['PASSWORD'] = '';
$DB['SCHEMA'] = '';
$DB['ENCRYPTION'] = false;
$DB['DOUBLE_IEEE754'] = true;
$ZBX_SERVER = '127.0.0.1';
$ZBX_SERVER_PORT = getenv('ZABBIX_SERVER_PORT');
$ZBX_SERVER_NAME = 'lab';
$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
`;

function run(root: string, command: readonly string[], input?: string): string {
  const done = spawnSync('chroot', [root, ...command], { encoding: 'utf8', input });
  if (done.status !== 0) throw new Error(`${command.join(' ')}: ${done.stderr || done.error}`);
  return done.stdout;
}

function asPostgres(command: string): readonly string[] {
  return [
    'su',
    'postgres',
    '-s',
    '/bin/sh',
    '-c',
    `PATH=$PATH:$(echo /usr/lib/postgresql/*/bin); ${command}`,
  ];
}

/** The data base of a fresh Zabbix, made once for a root. */
function prepareDatabase(root: string): void {
  if (existsSync(`${root}${preparedData}/.complete`)) return;
  rmSync(`${root}${preparedData}`, { recursive: true, force: true });
  run(root, ['install', '-d', '-o', 'postgres', '-g', 'postgres', '-m', '700', preparedData]);
  const load = ['schema', 'images', 'data']
    .map((name) => `zcat /usr/share/zabbix-server-pgsql/${name}.sql.gz | psql -q -h /tmp -p 54329 zabbix`)
    .join(' && ');
  run(
    root,
    asPostgres(
      `initdb -A trust -D ${preparedData} >/dev/null && pg_ctl -w -D ${preparedData} -o "-c listen_addresses= -k /tmp -p 54329 -c fsync=off" -l ${preparedData}/log start >/dev/null &&
       createdb -h /tmp -p 54329 zabbix && { ${load}; } >/dev/null; status=$?; pg_ctl -w -D ${preparedData} stop >/dev/null; exit $status`,
    ),
  );
  writeFileSync(`${root}${preparedData}/.complete`, '');
}

function startPostgres(root: string, data: string, port: number): Promise<RunningProcess> {
  return startProcess({
    name: 'postgres',
    command: 'chroot',
    args: [
      '--userspec=postgres:postgres',
      root,
      'sh',
      '-c',
      // It ends when we are killed: what startProcess says of that is forgotten when the user changes.
      `exec setpriv --pdeathsig QUIT $(echo /usr/lib/postgresql/*/bin/postgres) -D ${data} -p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=120`,
    ],
    ready: (output) => output.includes('ready to accept connections'),
    readyTimeoutMs: 30_000,
  });
}

/** How long a call of the API may take. */
const callTimeoutMs = 240_000;

/** What the data base does, and for whom. */
function activity(root: string, port: number): string {
  return query(
    root,
    port,
    `select pid, state, now() - query_start as since, wait_event_type, wait_event,
    pg_blocking_pids(pid) as blocked_by, left(query, 300) as query
    from pg_stat_activity where datname = 'zabbix' and (state <> 'idle' or pg_blocking_pids(pid) <> '{}')`,
  );
}

function query(root: string, port: number, text: string): string {
  return run(root, ['psql', '-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-c', text, 'zabbix']);
}

interface ApiAnswer {
  readonly result?: unknown;
  readonly error?: { readonly message: string; readonly data: string };
}

async function callApi<T>(url: string, method: string, params: unknown, session?: string): Promise<T> {
  const reply = await fetch(`${url}/api_jsonrpc.php`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json-rpc' },
    signal: AbortSignal.timeout(callTimeoutMs),
    body: JSON.stringify({ jsonrpc: '2.0', method, params, id: 1, ...(session ? { auth: session } : {}) }),
  });
  const text = await reply.text();
  let answer: ApiAnswer;
  try {
    answer = JSON.parse(text) as ApiAnswer;
  } catch {
    throw new Error(`${method}: ${text.slice(0, 2000)}`);
  }
  if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message} ${answer.error.data}`);
  return answer.result as T;
}

async function logIn(url: string): Promise<string> {
  return await waitUntil(
    () => callApi<string>(url, 'user.login', { username: 'Admin', password: 'zabbix' }),
    {
      what: 'the frontend to answer',
      timeoutMs: 30_000,
    },
  );
}
