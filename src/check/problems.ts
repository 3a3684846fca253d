import { agentxProblems } from '../agentx/problems.ts';
import { networkRemedy, openFilesRemedy, type Problem, processesRemedy } from '../errors.ts';
import { libvirtProblems } from '../libvirt/problems.ts';

/** How grave a problem is: a `fail` keeps something from working. */
export type ProblemLevel = 'warn' | 'fail';

/** What `check` looks at, in this order. */
export const checkedSubjects = {
  configuration: 'The configuration',
  state: 'The state directory',
  libvirt: 'The connection to libvirt',
  collect: 'What libvirt reports',
  http: 'HTTP',
  push: 'What is pushed',
  agentx: 'The connection to snmpd',
  snmp: 'What managers see',
  agent: 'The running agent',
  modules: 'The MIB modules',
} as const;

export type CheckedSubject = keyof typeof checkedSubjects;

/** A problem that `check` can find. */
export interface CheckProblem extends Problem {
  readonly subject: CheckedSubject;
  readonly level: ProblemLevel;
}

type Declared = Problem & { readonly level: ProblemLevel };

function under<Table extends Readonly<Record<string, Declared>>>(subject: CheckedSubject, table: Table) {
  return mapped(table, (problem) => ({ subject, ...problem }));
}

/** Problems that keep a connection from being made are failures. */
function failures<Table extends Readonly<Record<string, Problem>>>(subject: CheckedSubject, table: Table) {
  return mapped(table, (problem) => ({ subject, level: 'fail', ...problem }));
}

function mapped<Table extends Readonly<Record<string, Problem>>>(
  table: Table,
  map: (problem: Table[string]) => CheckProblem,
): { readonly [Name in keyof Table]: CheckProblem } {
  const entries = Object.entries(table).map(([name, problem]) => [name, map(problem as Table[string])]);
  return Object.fromEntries(entries) as { readonly [Name in keyof Table]: CheckProblem };
}

/**
 * Every problem that `check` can find, by name. The names are part of the output of `check --json`: they are added
 * to, never changed. `docs/check.md` and the manual page are made from this table.
 */
export const checkProblems = {
  ...under('configuration', {
    'configuration-invalid': {
      level: 'fail',
      cause: 'The configuration holds something that cannot be used. Nothing else is checked then.',
      remedy:
        'Fix what the line names; libvirt-agentx config --example prints a file with every setting explained.',
    },
    'no-files-left': {
      level: 'fail',
      cause: 'A connection needs a file descriptor, and the program may open no more.',
      remedy: openFilesRemedy,
    },
    'no-processes-left': {
      level: 'fail',
      cause: 'A connection needs a process of its own (ssh), and the program may start no more.',
      remedy: processesRemedy,
    },
    'network-forbidden': {
      level: 'fail',
      cause: 'A connection over the network is configured, and the unit of the service forbids the network.',
      remedy: networkRemedy,
    },
    'clock-behind': {
      level: 'warn',
      cause:
        'The clock of this host is earlier than the installation of this program. Times in events are wrong, and SNMPv3 may refuse.',
      remedy: 'Set the clock: timedatectl, chronyc tracking.',
    },
  }),
  ...under('state', {
    'state-missing': {
      level: 'warn',
      cause: 'The state directory does not exist yet.',
      remedy:
        "The agent makes it if it may; with systemd, StateDirectory= does. Else: mkdir {path} and chown it to the agent's user.",
    },
    'state-not-writable': {
      level: 'fail',
      cause:
        'This user cannot write to the state directory, or it is on a file system that is read-only. Without it, index numbers change at each start.',
      remedy:
        "Make {path} writable for the agent's user, or set state.directory. This was checked as {user}: if that is not the agent's user, check as that one (setpriv --reuid libvirt-agentx --regid libvirt-agentx --clear-groups --reset-env libvirt-agentx check).",
    },
    'state-not-directory': {
      level: 'fail',
      cause: 'state.directory names something that is not a directory.',
      remedy: 'Set state.directory to a directory on a local file system.',
    },
    'state-full': {
      level: 'fail',
      cause: 'The file system of the state directory has no room, or a quota is used up.',
      remedy: 'Make room on the file system of {path}.',
    },
    'state-file-unreadable': {
      level: 'fail',
      cause: 'This user cannot read a file in the state directory: somebody else has run the agent once.',
      remedy: "Give it to the agent's user: chown {owner} {path}.",
    },
    'state-file-foreign': {
      level: 'warn',
      cause:
        'A file in the state directory belongs to a different user than the directory, who may be unable to read it: root has run the agent once.',
      remedy: "Give it to the directory's owner: chown {owner} {path}.",
    },
    'state-file-odd': {
      level: 'warn',
      cause:
        'In the place of a file of the state directory is something else: a FIFO, a directory, a link to nothing.',
      remedy:
        'The agent moves it aside when it starts, and begins without what the file held: move {path} away, and put the file back if you have it.',
    },
    'state-silent': {
      level: 'fail',
      cause: 'The file system of the state directory does not answer.',
      remedy: 'See whether it hangs (a network mount?); a local one never does.',
    },
  }),
  ...failures('libvirt', libvirtProblems),
  ...under('collect', {
    'domains-none': {
      level: 'warn',
      cause: 'libvirt has no domains, or none that the configuration admits.',
      remedy:
        'Is libvirt.uri the right one, and do collect.include and collect.exclude admit them? virsh -r list --all shows what libvirt has.',
    },
    'collect-failed': {
      level: 'fail',
      cause: 'The connection works, but collecting everything once failed.',
      remedy: 'See the log of the libvirt daemon: journalctl -u libvirtd -u virtqemud.',
    },
    'collect-hangs': {
      level: 'fail',
      cause: 'Collecting everything once took longer than a minute.',
      remedy:
        'libvirt or a hypervisor process hangs: does virsh -r list --all answer? virsh -r domcontrol DOMAIN shows a hypervisor process that does not.',
    },
    'collector-not-permitted': {
      level: 'warn',
      cause: 'A source of data needs more rights than this connection has.',
      remedy:
        'Set libvirt.read_write = true (which is as powerful as root), or an access rule of libvirt, or switch the selector off.',
    },
    'collector-libvirt-too-old': {
      level: 'warn',
      cause: 'A source of data needs a newer libvirt. Its objects stay absent.',
      remedy: 'Upgrade libvirt, or leave it as it is.',
    },
    'collector-unavailable': {
      level: 'warn',
      cause: 'This hypervisor or host does not offer a source of data. Its objects stay absent.',
      remedy: 'Nothing needs doing if you can do without; lveCollectorLastError has the reason.',
    },
    'collector-no-answer': {
      level: 'warn',
      cause: 'Calls were not answered in time: a hypervisor process hangs. Other domains are not affected.',
      remedy: 'virsh -r domcontrol DOMAIN shows which.',
    },
    'collector-partial': {
      level: 'warn',
      cause: 'A source of data works for some domains only.',
      remedy: 'The text names the last error; the objects of the other domains stay absent.',
    },
    'collector-errors': {
      level: 'warn',
      cause: 'A source of data failed.',
      remedy: 'See the text, and the log of the libvirt daemon.',
    },
    'guest-agents-mute': {
      level: 'warn',
      cause: 'Guest agents take questions and do not answer them (guestAgentMute in lveWarningTable).',
      remedy:
        'systemctl restart qemu-guest-agent in these guests, and look there for a file system that hangs.',
    },
    'guest-agents-absent': {
      level: 'warn',
      cause: 'Data of guest agents is asked for, and no running domain has an agent that is connected.',
      remedy:
        'Install qemu-guest-agent in the guests, and give the domains a channel: <target type="virtio" name="org.qemu.guest_agent.0"/>.',
    },
    'warning-rdt-conflict': {
      level: 'warn',
      cause: 'Somebody else uses the resource monitoring of the processor (rdtConflict in lveWarningTable).',
      remedy: 'Unmount resctrl or stop the other user, or switch the selector perf off.',
    },
    'warning-definition-unreadable': {
      level: 'warn',
      cause: 'The definition of a domain cannot be read (definitionUnreadable in lveWarningTable).',
      remedy: 'See virsh dumpxml DOMAIN, and correct the part that the text names.',
    },
    'warning-state-not-saved': {
      level: 'warn',
      cause: 'The running agent cannot save its state (stateNotSaved in lveWarningTable).',
      remedy: "Make state.directory writable for the agent's user; the text has the reason.",
    },
    'warning-clock-step': {
      level: 'warn',
      cause: 'The clock of the host was set while the agent ran (clockStep in lveWarningTable).',
      remedy: 'Nothing needs doing if that was meant; the row goes after an hour.',
    },
    'warning-limit-reached': {
      level: 'warn',
      cause:
        'The hypervisor has, or sends, more than a limit allows (limitReached or eventsLost in lveWarningTable).',
      remedy:
        'If it is meant to, raise the setting that the text names: collect.max_domains, collect.max_memory, libvirt.max_event_rate.',
    },
    'warning-other': {
      level: 'warn',
      cause: 'Another row of lveWarningTable.',
      remedy: 'The text says what it is about.',
    },
  }),
  ...under('http', {
    'http-address-unusable': {
      level: 'fail',
      cause: 'Nothing can listen on http.address.',
      remedy:
        'Choose another http.address (a port from 1024 on), or make the directory of the socket writable for the agent; the shipped unit makes /run/libvirt-agentx.',
    },
    'http-address-taken': {
      level: 'fail',
      cause: 'Another program listens on http.address.',
      remedy: 'Stop that program (ss -lntp shows it), or choose another http.address.',
    },
    'http-certificate': {
      level: 'fail',
      cause: 'http.certificate, http.private_key or http.client_ca cannot be used.',
      remedy: "Make them readable for the agent's user; certificate and key must belong together.",
    },
    'http-certificate-expired': {
      level: 'fail',
      cause: 'The certificate is no longer valid, or not yet.',
      remedy: 'Renew it; the agent reads it again by itself.',
    },
    'http-secrets-unusable': {
      level: 'fail',
      cause: 'http.users_file or http.tokens_file cannot be read, or a line in it is wrong.',
      remedy: "Make it readable for the agent's user; docs/http.md has the form of a line.",
    },
    'http-secrets-empty': {
      level: 'warn',
      cause: 'A file of users or tokens has no line: it lets nobody in.',
      remedy: 'Add a line: libvirt-agentx credential {option} NAME.',
    },
  }),
  ...under('push', {
    'secret-open': {
      level: 'warn',
      cause:
        'A file of secrets is open to everybody: a password, a token or a private key for HTTP, for libvirt, or for a server that data is sent to.',
      remedy: "chmod o-rwx {path}, and give it to the agent's user or its group.",
    },
    'push-secret-unreadable': {
      level: 'fail',
      cause: 'The password or token for a server that data is sent to cannot be read.',
      remedy: "Make it readable for the agent's user; its first line is the secret.",
    },
    'push-host-unknown': {
      level: 'fail',
      cause: 'The host of statsd.host, influxdb.url or otlp.url does not resolve.',
      remedy: 'Correct {setting}, or the resolver of this host.',
    },
    'statsd-refuses': {
      level: 'fail',
      cause: 'The host of the StatsD server says that nothing listens on the port.',
      remedy: 'Start the StatsD server, or correct statsd.host and statsd.port.',
    },
    'push-secret-wanted': {
      level: 'fail',
      cause: 'The server wants a user or a token.',
      remedy: 'Set {section}.user and {section}.password_file, or {section}.token_file.',
    },
    'push-secret-refused': {
      level: 'fail',
      cause: 'The server does not accept the user or the token for writing.',
      remedy: 'Correct {section}.user and {section}.password_file, or {section}.token_file.',
    },
    'influxdb-not-found': {
      level: 'fail',
      cause: 'The server does not have the database or bucket, or not this path.',
      remedy:
        'Create the database (or bucket) there, or correct influxdb.database, influxdb.bucket and the path of influxdb.url.',
    },
    'otlp-not-found': {
      level: 'fail',
      cause: 'The server has no receiver for OTLP at this path.',
      remedy:
        'Correct the path of otlp.url, which /v1/metrics is put behind; Prometheus needs its OTLP receiver switched on.',
    },
    'otlp-encoding': {
      level: 'fail',
      cause: 'The receiver does not take this encoding.',
      remedy: 'Set otlp.encoding to what the receiver takes: every receiver takes "protobuf".',
    },
    'push-redirected': {
      level: 'fail',
      cause: 'The server sends writers somewhere else.',
      remedy: 'Set {section}.url to where the server redirects to.',
    },
    'push-server-error': {
      level: 'fail',
      cause: 'The server has an error of its own.',
      remedy: 'See what the log of the server says.',
    },
    'push-untrusted': {
      level: 'fail',
      cause: "The server's certificate cannot be trusted.",
      remedy:
        "Name the server's authority in the environment of the agent: NODE_EXTRA_CA_CERTS=/path/ca.pem.",
    },
    'push-unreachable': {
      level: 'fail',
      cause: 'The server cannot be reached, or refuses for a reason that has no entry of its own here.',
      remedy: 'Start the server, open its port for this host, or correct {section}.url.',
    },
  }),
  ...failures('agentx', agentxProblems),
  ...under('agentx', {
    'snmpd-not-running': {
      level: 'fail',
      cause: 'There is no AgentX socket, and no snmpd runs on this host.',
      remedy: 'systemctl enable --now snmpd (Debian: package snmpd).',
    },
    'snmpd-not-master': {
      level: 'fail',
      cause: 'snmpd runs, but its AgentX socket is nowhere to be found.',
      remedy:
        "Put 'master agentx' into /etc/snmp/snmpd.conf, or a file that it includes, and restart snmpd; journalctl -u snmpd says whether it could make {path}.",
    },
    'snmpd-socket-elsewhere': {
      level: 'fail',
      cause: 'snmpd has its AgentX socket somewhere else than agentx.address says.',
      remedy: 'Set agentx.address = "unix:{path}", or agentXSocket in snmpd.conf to {wanted}.',
    },
    'agentx-directory-not-permitted': {
      level: 'fail',
      cause:
        'This user may not enter the directory of the socket. agentXPerms changes the socket, not a directory that exists.',
      remedy:
        "chmod o+x {path} ({owner}); or give it the agent's group. The shipped tmpfiles.d file keeps /var/agentx so.",
    },
    'agentx-socket-not-permitted': {
      level: 'fail',
      cause: 'This user may not write to the socket, which connecting needs.',
      remedy:
        'In snmpd.conf: agentXPerms 0660 0755 -1 GROUP, with a group of this user (the socket: {owner}); the group must exist when snmpd starts. Then restart snmpd.',
    },
    'agentx-denied-by-policy': {
      level: 'fail',
      cause: 'The file permissions allow the connection, and the kernel refuses it: SELinux or AppArmor.',
      remedy: 'ausearch -m avc -ts recent, or journalctl -k | grep DENIED; restorecon -Rv /var/agentx.',
    },
    'agentx-not-a-socket': {
      level: 'fail',
      cause: 'agentx.address names something that is not a socket.',
      remedy: 'Compare agentx.address with agentXSocket in snmpd.conf.',
    },
    'agentx-silent': {
      level: 'fail',
      cause:
        'The peer accepts the connection but does not answer: snmpd is stuck, or this is not an AgentX master.',
      remedy:
        'Does snmpd answer anybody (snmpget of sysUpTime.0)? If not, look for a script or another subagent that holds it up; else compare agentx.address with agentXSocket in snmpd.conf.',
    },
    'agentx-not-a-master': {
      level: 'fail',
      cause: 'What listens there is not an AgentX master.',
      remedy: 'Compare agentx.address with agentXSocket in snmpd.conf.',
    },
    'agentx-refused': {
      level: 'fail',
      cause: 'The master refuses a session.',
      remedy: "See snmpd's log for why.",
    },
    'subtree-taken': {
      level: 'fail',
      cause:
        'The master accepts sessions, but another subagent or a line of snmpd.conf has our subtree with the same priority, and this agent does not run.',
      remedy:
        'Stop the other (a second libvirt-agentx, perhaps by hand or in a container? a pass line of snmpd.conf?), or give one of the two another agentx.priority or mib.root; if it is VM-MIB, mib.vm_mib = false; if it is LIBVIRT-MIB, libvirt-snmp still runs.',
    },
    'subtree-not-registered': {
      level: 'fail',
      cause: 'The agent runs, but has not registered with this master.',
      remedy:
        'Has it just been started? If not, see its log (journalctl -u libvirt-agentx), and whether it has the same agentx.address and mib.root: restart it after changes.',
    },
    'subtree-refused': {
      level: 'fail',
      cause: 'The master refuses to have our subtree registered.',
      remedy: "See snmpd's log for why.",
    },
  }),
  ...under('snmp', {
    'snmp-nobody-listens': {
      level: 'fail',
      cause: 'The host says that nothing listens on the port.',
      remedy:
        'Start snmpd, or name the address it listens on: agentaddress in snmpd.conf (Debian: 127.0.0.1 and ::1 only).',
    },
    'snmp-silent': {
      level: 'fail',
      cause: 'Nothing comes back, not even an answer to the first message of SNMPv3, which needs no right.',
      remedy:
        'Is the host up, a firewall in between, the address one that snmpd listens on (agentaddress), and snmpd not stuck? TCP wrappers (/etc/hosts.deny) keep silent as well.',
    },
    'snmp-community-unknown': {
      level: 'fail',
      cause: 'snmpd is there and answers SNMPv3, but not this community.',
      remedy:
        'rocommunity COMMUNITY SOURCE -V libvirt in snmpd.conf; it must admit this address as a source. snmpd keeps silent as well when an agent behind it hangs.',
    },
    'snmp-host-unknown': {
      level: 'fail',
      cause: 'The host name of --snmp does not resolve.',
      remedy: 'Compare it with DNS or /etc/hosts.',
    },
    'snmp-user-unknown': {
      level: 'fail',
      cause: 'snmpd has no such SNMPv3 user.',
      remedy:
        'createUser in its persistent file (Debian: /var/lib/snmp/snmpd.conf), while snmpd is stopped: docs/install.md.',
    },
    'snmp-authentication': {
      level: 'fail',
      cause: "The passphrase or the algorithm of --v3-auth is not the user's.",
      remedy: 'Compare --v3-auth with createUser, the algorithm (SHA or SHA-256?) included.',
    },
    'snmp-privacy': {
      level: 'fail',
      cause:
        "snmpd answers others, but cannot decrypt: the passphrase or the algorithm of --v3-priv is not the user's.",
      remedy: 'Compare --v3-priv with createUser, the algorithm (AES or DES?) included.',
    },
    'snmp-security-level': {
      level: 'fail',
      cause: 'The user has no key for this security level.',
      remedy:
        'createUser must name an authentication algorithm and, for --v3-priv, a privacy algorithm; delete the user first if it exists without.',
    },
    'snmp-not-authorized': {
      level: 'fail',
      cause: 'snmpd knows the user and gives it no access at this security level.',
      remedy:
        'rouser USER priv -V libvirt (or auth, noauth) in snmpd.conf: its level is the least that is let in. Ask with --v3-auth and --v3-priv if it is more.',
    },
    'snmp-time-window': {
      level: 'fail',
      cause:
        "snmpd refuses what lies outside its time window: two agents share an engine ID, or snmpd's boots counter was set back.",
      remedy:
        'See oldEngineID and engineBoots in /var/lib/snmp/snmpd.conf; a cloned host needs a new engine ID.',
    },
    'snmp-context-unknown': {
      level: 'fail',
      cause:
        "snmpd answers SNMPv3, and says nothing in this context: no subagent has registered there, or the passphrase of --v3-priv is not the user's.",
      remedy:
        'Does the running agent have it, as the name of one of [[hypervisors]] or in agentx.contexts? systemctl reload libvirt-agentx puts changes into effect. The default context (without --v3-context) shows whether --v3-priv is right.',
    },
    'snmp-context-not-permitted': {
      level: 'fail',
      cause: 'The context is there, and snmpd gives this user no access in it.',
      remedy:
        'In snmpd.conf: rouser USER priv -V libvirt {context}, or with * in the place of {context} for all contexts; an access line needs the word prefix, or this context. Then restart snmpd.',
    },
    'snmp-refused': {
      level: 'fail',
      cause: 'snmpd refuses for a reason that has no entry of its own here.',
      remedy: 'Compare user, algorithms and passphrases with createUser and rouser; see the log of snmpd.',
    },
    'snmp-agent-hangs': {
      level: 'fail',
      cause: 'snmpd answers with genErr: the subagent behind it did not answer in time.',
      remedy:
        'Is the agent stopped or starved (systemctl status libvirt-agentx, top)? journalctl -u libvirt-agentx has its log.',
    },
    'snmp-view': {
      level: 'fail',
      cause: 'The agent is registered, but the view of this community or user hides all of its objects.',
      remedy:
        "In snmpd.conf: {lines}, with the name of the view of this community or user (libvirt in our files, systemonly in Debian's); then restart snmpd.",
    },
    'snmp-view-hides-vm-mib': {
      level: 'fail',
      cause: 'LIBVIRT-EXT-MIB can be read, and VM-MIB, although registered, cannot: the view hides it.',
      remedy: 'In snmpd.conf: {lines}, with the name of the view in use; then restart snmpd.',
    },
    'snmp-view-hides-ext-mib': {
      level: 'fail',
      cause: 'VM-MIB can be read, and LIBVIRT-EXT-MIB, although registered, cannot: the view hides it.',
      remedy: 'In snmpd.conf: {lines}, with the name of the view in use; then restart snmpd.',
    },
    'snmp-view-hides-libvirt-mib': {
      level: 'fail',
      cause:
        'The view hides LIBVIRT-MIB, which mib.libvirt_mib has the agent serve: it is registered, there are domains, and it cannot be read.',
      remedy: 'In snmpd.conf: {lines}, with the name of the view in use; then restart snmpd.',
    },
    'snmp-view-or-agent': {
      level: 'fail',
      cause:
        'Nothing of the agent can be read, and this community or user may not see which subagents are registered.',
      remedy:
        'Either the agent is not registered with this snmpd (systemctl status libvirt-agentx), or the view hides it; then in snmpd.conf: {lines}.',
    },
    'snmp-not-registered': {
      level: 'fail',
      cause: 'snmpd answers, and does not list this subtree among those that subagents have announced.',
      remedy:
        'Is the agent running, with the same mib.root (and mib.vm_mib), and is this the snmpd of agentx.address?',
    },
    'snmp-subtree-taken': {
      level: 'fail',
      cause:
        'The agent runs, but another subagent has the subtree, or a line of snmpd.conf: the agent opens a session and cannot register.',
      remedy:
        'Stop the other, or remove the line of snmpd.conf (pass, pass_persist); or give one of the two another agentx.priority or mib.root; if it is VM-MIB, mib.vm_mib = false. The log of the agent says duplicateRegistration.',
    },
    'snmp-not-ours': {
      level: 'fail',
      cause:
        'What answers in the place of LIBVIRT-EXT-MIB is not this agent: a line of snmpd.conf, or a subagent that goes before it.',
      remedy:
        'Look for pass and pass_persist with this OID, or one above it, in snmpd.conf, and for other subagents: remove the other, or give this agent a mib.root of its own or a lower agentx.priority (the lower one is asked).',
    },
    'trap-sinks-none': {
      level: 'warn',
      cause: 'snmpd has no receiver for notifications.',
      remedy:
        'trap2sink HOST COMMUNITY, informsink or trapsess in snmpd.conf, then restart snmpd; libvirt-agentx notify-test sends a test.',
    },
  }),
  ...under('agent', {
    'agent-libvirt-lost': {
      level: 'fail',
      cause:
        'The running agent has no connection to libvirt (lveConnState, lveConnLastError), whatever this check has reached as its own user.',
      remedy:
        "Check as the agent's user, with its configuration: setpriv --reuid libvirt-agentx --regid libvirt-agentx --clear-groups --reset-env libvirt-agentx check. Its log: journalctl -u libvirt-agentx.",
    },
    'agent-state-hidden': {
      level: 'warn',
      cause:
        'The running agent shows its version, and not how its connection to libvirt is (lveConnState, lveHypervisorState): a view hides it.',
      remedy:
        'In snmpd.conf, let the view of this manager include all of LIBVIRT-EXT-MIB; then restart snmpd.',
    },
    'agent-data-old': {
      level: 'fail',
      cause: 'The running agent is connected, but its last complete refresh was long ago (lveRefreshAge).',
      remedy:
        'libvirt answers the agent late or not at all: lveCollectorTable, and virsh -r domcontrol DOMAIN for each running domain.',
    },
    'agent-other-version': {
      level: 'warn',
      cause:
        'The agent that answers is not of the same version as this program: it was not restarted after an upgrade.',
      remedy: 'systemctl restart libvirt-agentx.',
    },
    'agent-other-uri': {
      level: 'warn',
      cause: 'The agent that answers is connected to a different libvirt than this configuration names.',
      remedy: 'Is this the same configuration? systemctl reload libvirt-agentx puts changes into effect.',
    },
    'agent-hypervisor-missing': {
      level: 'fail',
      cause: 'The running agent does not have a hypervisor that the configuration has.',
      remedy:
        'systemctl reload libvirt-agentx puts changes into effect; its log says if it refuses the configuration.',
    },
    'agent-hypervisor-left': {
      level: 'warn',
      cause: 'The running agent has a hypervisor that the configuration does not have.',
      remedy: 'Is this the same configuration? systemctl reload libvirt-agentx puts changes into effect.',
    },
    'agent-hypervisors-unseen': {
      level: 'warn',
      cause:
        'The configuration has [[hypervisors]], and lveHypervisorTable has no row: the running agent has one connection without a name, this community is mapped to a context, or the view hides the table.',
      remedy:
        'systemctl reload libvirt-agentx puts changes into effect; see docs/hypervisors.md for communities and views.',
    },
    'agent-notifications-off': {
      level: 'warn',
      cause: 'The running agent sends no notifications: lveNotifyEnable is false.',
      remedy: 'notifications.enabled = true, or set lveNotifyEnable.0 to true(1).',
    },
  }),
  ...under('modules', {
    'modules-missing': {
      level: 'warn',
      cause: "net-snmp's tools on this host do not find our modules: they show numbers instead of names.",
      remedy: 'M=$(libvirt-agentx mib --dir); snmpwalk -M "-$M/imports:$M" -m LIBVIRT-EXT-MIB:VM-MIB ...',
    },
    'modules-other-root': {
      level: 'warn',
      cause: "net-snmp's tools find LIBVIRT-EXT-MIB with a root other than mib.root.",
      remedy:
        'libvirt-agentx mib --root {root} > /usr/share/snmp/mibs/LIBVIRT-EXT-MIB.txt, and the same for all pollers.',
    },
  }),
} as const satisfies Readonly<Record<string, CheckProblem>>;

export type ProblemName = keyof typeof checkProblems;
