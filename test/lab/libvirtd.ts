import { randomUUID } from 'node:crypto';
import { cp, readdir, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type DomainType, domainType } from './acceleration.ts';
import { cacheDirectory } from './cache-directory.ts';
import { listens } from './host-libvirt.ts';
import { type LabDirectory, makeLabDirectory } from './lab-directory.ts';
import { type DaemonProgram, daemonsBesideQemu, hasDaemon, LibvirtDaemon } from './libvirt-daemon.ts';
import { makeNodeNamespaces, type NodeNamespaces } from './namespaces.ts';
import { run } from './process.ts';
import { findByArguments } from './process-table.ts';

export interface LibvirtdOptions {
  /** Host name inside; random by default, because libvirt refuses to migrate between equal names. */
  readonly hostname?: string;
  /** More lines of libvirtd.conf. */
  readonly extraLibvirtdConfig?: string;
  /** Listens on TCP as well, in the lab's own network, as libvirtd.conf says. */
  readonly listen?: boolean;
  /** More of libvirtd's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** More lines of qemu.conf. */
  readonly extraQemuConfig?: string;
  /**
   * A daemon for each driver (virtqemud, virtstoraged, ...) in place of libvirtd, where they are installed. By default
   * what LVX_LAB_DAEMONS=modular says: so every test can be run against them.
   */
  readonly modular?: boolean;
}

/**
 * A private libvirtd with the QEMU driver, or virtqemud with the daemons beside it. Paths of its sockets and images are
 * valid inside and outside.
 */
export interface Libvirtd {
  /** Read-write. */
  readonly uri: string;
  readonly uriReadOnly: string;
  readonly socket: string;
  readonly socketReadOnly: string;
  readonly hostname: string;
  readonly hostUuid: string;
  readonly directory: LabDirectory;
  /** For disk images. */
  readonly imagesPath: string;
  /** Bridge for tap NICs; `undefined` when the kernel offers none. */
  readonly bridge: string | undefined;
  /** What guests run on here. */
  readonly domainType: DomainType;
  readonly namespaces: NodeNamespaces;
  /** Modular daemons beside virtqemud; libvirtd has none. */
  readonly beside: ReadonlyMap<DaemonProgram, LibvirtDaemon>;
  /** libvirtd's process id. */
  pid(): number;
  /** Signals libvirtd. */
  signal(signal: NodeJS.Signals): void;
  virsh(...args: readonly string[]): Promise<string>;
  define(xml: string): Promise<void>;
  /** Starts a defined domain. */
  start(name: string): Promise<void>;
  /** define and start. */
  run(xml: string): Promise<void>;
  /** Creates a transient domain. */
  create(xml: string): Promise<void>;
  /** Destroys and undefines, whatever its state. */
  remove(name: string): Promise<void>;
  /** Process id of a domain's QEMU. */
  qemuPid(name: string): Promise<number>;
  /** What libvirtd, and all daemons beside it, have written since the first start. */
  log(): string;
  /** SIGTERM and a new libvirtd; guests go on running. */
  restart(): Promise<void>;
  /** Ends libvirtd (SIGTERM by default; SIGKILL leaves stale sockets) while guests go on running. */
  stopDaemon(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  startDaemon(): Promise<void>;
  /** Ends libvirtd, all guests and namespaces; removes the directory. Idempotent. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a libvirtd that shares nothing with the host's. Needs root (or CAP_SYS_ADMIN). */
export async function startLibvirtd(options: LibvirtdOptions = {}): Promise<Libvirtd> {
  const directory = await makeLabDirectory();
  const hostUuid = randomUUID();
  const hostname = options.hostname ?? `lab-${hostUuid.slice(0, 8)}`;
  const modular = options.modular ?? process.env['LVX_LAB_DAEMONS'] === 'modular';
  const socketDirectory = directory.directory('sock');
  const imagesPath = directory.directory('images');
  directory.directory('etc');
  await writeFile(
    directory.file('etc', 'libvirtd.conf'),
    [
      `unix_sock_dir = "${socketDirectory}"`,
      'unix_sock_ro_perms = "0777"',
      'auth_unix_ro = "none"',
      'auth_unix_rw = "none"',
      `host_uuid = "${hostUuid}"`,
      options.extraLibvirtdConfig ?? '',
      '',
    ].join('\n'),
  );
  await writeFile(
    directory.file('etc', 'qemu.conf'),
    [
      'user = "root"',
      'group = "root"',
      'dynamic_ownership = 0',
      'remember_owner = 0',
      'security_driver = "none"',
      'stdio_handler = "file"',
      'namespaces = []',
      options.extraQemuConfig ?? '',
      '',
    ].join('\n'),
  );
  await seedCapabilities(directory);

  let namespaces: NodeNamespaces;
  try {
    namespaces = await makeNodeNamespaces(directory, hostname);
  } catch (error) {
    await directory.remove();
    throw error;
  }
  const socket = `${socketDirectory}/${modular ? 'virtqemud' : 'libvirt'}-sock`;
  const uri = `qemu+unix:///system?socket=${socket}`;
  const virsh = (...args: readonly string[]) => run('virsh', ['-q', '-c', uri, ...args]);
  let log = '';
  const makeDaemon = (program: DaemonProgram, args: readonly string[], ready: () => Promise<boolean>) =>
    new LibvirtDaemon({
      program,
      args: [...args, '-f', directory.file('etc', 'libvirtd.conf')],
      namespaces,
      ...(options.env === undefined ? {} : { env: options.env }),
      ready,
      onLog: (text) => {
        log += text;
      },
    });
  const daemon = makeDaemon(
    modular ? 'virtqemud' : 'libvirtd',
    options.listen === true ? ['--listen'] : [],
    async () => (await virsh('uri')).includes('qemu'),
  );
  const beside = new Map(
    (modular ? daemonsBesideQemu.filter(hasDaemon) : []).map((program) => {
      const name = program === 'virtproxyd' ? 'libvirt' : program;
      const ready = () => listens(`${socketDirectory}/${name}-sock-ro`);
      return [program, makeDaemon(program, [], ready)] as const;
    }),
  );
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      await keepCapabilities(directory).catch(() => {});
      await daemon.gone(() => namespaces.stop());
      await directory.remove();
    })();
    return stopping;
  };
  const domainOfXml = async (command: 'define' | 'create', xml: string) => {
    const path = directory.file('xml', `${randomUUID()}.xml`);
    await writeFile(path, xml);
    await virsh(command, path);
  };

  try {
    if (modular) {
      // They look for each other where they are by default.
      await namespaces.exec('mount', '--bind', socketDirectory, '/run/libvirt');
      for (const one of beside.values()) await one.start();
    }
    await daemon.start();
  } catch (error) {
    await stop();
    throw error;
  }
  const type = await domainType();
  return {
    uri,
    uriReadOnly: `${uri}-ro`,
    socket,
    socketReadOnly: `${socket}-ro`,
    hostname,
    hostUuid,
    directory,
    imagesPath,
    bridge: namespaces.bridge,
    domainType: type,
    namespaces,
    beside,
    pid: () => daemon.pid(),
    signal: (signal) => daemon.signal(signal),
    virsh,
    define: (xml) => domainOfXml('define', xml),
    async start(name) {
      await virsh('start', '--domain', name);
    },
    async run(xml) {
      await domainOfXml('define', xml);
      const [, name = ''] = /<name>(.*?)<\/name>/s.exec(xml) ?? [];
      await virsh('start', '--domain', unescapeXml(name));
    },
    create: (xml) => domainOfXml('create', xml),
    async remove(name) {
      await virsh('destroy', '--domain', name).catch(() => {});
      await virsh('undefine', '--domain', name, '--managed-save', '--snapshots-metadata').catch(() => {});
    },
    async qemuPid(name) {
      const uuid = (await virsh('domuuid', '--domain', name)).trim();
      const pid = await findByArguments(namespaces.initPid, ['-uuid', uuid]);
      if (pid === undefined) throw new Error(`no QEMU process of ${name}`);
      return pid;
    },
    log: () => log,
    restart: () => daemon.restart(),
    stopDaemon: (signal) => daemon.stop(signal),
    startDaemon: () => daemon.start(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * libvirtd asks every QEMU binary for its capabilities once (a second or more with emulation) and caches the
 * answers, which it checks for freshness itself: so all labs may share them.
 */
async function seedCapabilities(directory: LabDirectory): Promise<void> {
  await cp(cacheDirectory('capabilities'), directory.directory('cache', 'qemu', 'capabilities'), {
    recursive: true,
    preserveTimestamps: true,
  });
}

async function keepCapabilities(directory: LabDirectory): Promise<void> {
  const kept = new Set(await readdir(cacheDirectory('capabilities')));
  const source = directory.directory('cache', 'qemu', 'capabilities');
  for (const name of await readdir(source)) {
    if (!kept.has(name)) {
      await cp(`${source}/${name}`, `${cacheDirectory('capabilities')}/${basename(name)}`, {
        preserveTimestamps: true,
      });
    }
  }
}

function unescapeXml(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}
