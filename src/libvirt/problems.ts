import type { Problem } from '../errors.ts';
import { saslProblems } from './sasl/problems.ts';

/** What can stand between this program and a libvirt daemon. */
export const libvirtProblems = {
  'libvirt-socket-missing': {
    cause: 'There is no socket where a libvirt daemon would have one.',
    remedy:
      'Is libvirt installed and running? Debian: package libvirt-daemon-system, systemctl start libvirtd; Fedora, RHEL 9 and SUSE: package libvirt-daemon-driver-qemu, systemctl start virtqemud.socket virtqemud-ro.socket. A container needs the socket mounted.',
  },
  'libvirt-nobody-listens': {
    cause: 'The socket is there, but its daemon was stopped or has crashed.',
    remedy: 'systemctl start {unit}, then journalctl -u {unit}.',
  },
  'libvirt-not-permitted': {
    cause: 'This user may not write to the read-only socket, which connecting needs.',
    remedy:
      'Run as root, or let this user reach the socket: see unix_sock_ro_perms in {unit}.conf, and SELinux or AppArmor.',
  },
  'libvirt-read-write-not-permitted': {
    cause: 'This user may not write to the read-write socket (libvirt.read_write).',
    remedy: 'Run as root or as a member of the group libvirt, or use the read-only socket.',
  },
  'libvirt-directory-not-permitted': {
    cause: 'This user may not enter a directory above the socket.',
    remedy: 'Let this user enter {path} ({owner}): chmod o+x, or a group that it is in.',
  },
  'libvirt-path-too-long': {
    cause: 'The path of the socket does not fit into a socket address.',
    remedy: 'The path of a Unix socket has at most 107 octets.',
  },
  'libvirt-hangs': {
    cause:
      'The daemon takes connections but no longer answers: it hangs, it is stopped, or it has as many clients as it may have.',
    remedy:
      'Does virsh -r list --all answer? If not, see journalctl -u libvirtd (or virtqemud), and max_clients and max_anonymous_clients in its configuration; guests run on while the daemon is restarted.',
  },
  'libvirt-closed': {
    cause: 'The daemon ended the connection while it was being opened.',
    remedy: 'The daemon has the reason in its log: journalctl -u libvirtd -u virtqemud -u virtproxyd.',
  },
  'libvirt-user-unknown': {
    cause:
      'libvirt looks up who connects, and does not know the user or group: that of a container, for example.',
    remedy:
      'Create that user on the host of the daemon, with the same number (the package and the sysusers.d file make libvirt-agentx), or run the agent as a user that exists there.',
  },
  'libvirt-driver-missing': {
    cause: 'The daemon has no driver for the hypervisor that the URI names.',
    remedy:
      'Compare libvirt.uri with virsh uri, and install the driver (Debian: libvirt-daemon-driver-qemu, -lxc, -xen) or start its daemon.',
  },
  'libvirt-access-denied': {
    cause: 'The daemon knows this user and refuses it.',
    remedy: 'See auth_unix_ro in the configuration of the daemon, and its polkit rules.',
  },
  'libvirt-polkit': {
    cause: 'The daemon asks polkit who this is, and gets no answer.',
    remedy: 'Run as root, which needs no polkit, or make sure that dbus and polkit run on the host.',
  },
  'libvirt-auth-not-offered': {
    cause: 'The URI demands an authentication (auth=) that the daemon does not ask for.',
    remedy:
      'Set {setting} = "{demanded}" in libvirtd.conf (or virtproxyd.conf) of that daemon and restart it, or leave auth= out of libvirt.uri. If it is set there, somebody else may be answering.',
  },
  'libvirt-refuses': {
    cause: 'The daemon answers with an error that has no entry of its own here.',
    remedy: 'See journalctl -u libvirtd (or virtqemud), and whether virsh -r -c URI list says the same.',
  },
  'libvirt-nothing-listens': {
    cause: 'The host of the URI is there, and nothing listens on the port.',
    remedy: 'Enable {listener} on that host.',
  },
  'libvirt-host-unknown': {
    cause: 'The host name in the URI does not resolve.',
    remedy: 'Compare the host in libvirt.uri with DNS or /etc/hosts.',
  },
  'libvirt-name-server': {
    cause: 'The host name in the URI cannot be resolved at the moment.',
    remedy:
      'Is the name server reachable? With the shipped unit a drop-in has to allow the network: libvirt-agentx contrib network.conf.example.',
  },
  'libvirt-host-silent': {
    cause: 'The host of the URI does not answer.',
    remedy: 'Is the host up, and is a firewall in between?',
  },
  'libvirt-no-route': {
    cause: 'There is no route to the host of the URI.',
    remedy:
      'See ip route get HOST. With the shipped unit a drop-in has to allow the network: libvirt-agentx contrib network.conf.example.',
  },
  'tls-unreadable': {
    cause: 'A certificate or key for TLS is missing, or this user cannot read it.',
    remedy: 'Put the files where libvirt expects them, or name their directory with ?pkipath=DIRECTORY.',
  },
  'tls-unusable': {
    cause: 'A certificate or key for TLS is there, but cannot be used.',
    remedy:
      'They must be PEM files: the certificate of the authority, and a certificate with its key that it signed.',
  },
  'tls-certificate-wanted': {
    cause: "The daemon wants a client's certificate, and there is none.",
    remedy:
      'Put certificate and key where libvirt expects them, or name their directory with ?pkipath=DIRECTORY.',
  },
  'tls-certificate-refused': {
    cause: "The daemon does not accept the client's certificate.",
    remedy:
      'It may be expired, or a name that is not in tls_allowed_dn_list, revoked (crl_file), or signed by another authority than that of ca_file: see libvirtd.conf or virtproxyd.conf on that host.',
  },
  'tls-untrusted': {
    cause: "The daemon's certificate cannot be trusted.",
    remedy: 'It must be signed by the authority in cacert.pem and bear the host name of the URI.',
  },
  'tls-own-dates': {
    cause: "The client's certificate has expired or is not valid yet, and is not shown to any daemon.",
    remedy: 'Have the authority sign a new one; or is the clock of this host wrong?',
  },
  'tls-expired': {
    cause: 'The certificate of the daemon has expired.',
    remedy: 'Renew the certificate of the daemon on that host; or is the clock of this host wrong?',
  },
  'tls-not-yet-valid': {
    cause: 'The certificate of the daemon is not valid yet.',
    remedy: 'Is the clock of this host or of that one wrong?',
  },
  'tls-revoked': {
    cause: 'The authority has revoked the certificate of the daemon.',
    remedy: 'Its authority has revoked it: the host needs a new certificate.',
  },
  'tls-other-name': {
    cause: 'The certificate of the daemon is for another host name.',
    remedy: 'Use a host name in the URI that the certificate has, or have one made with the name of the URI.',
  },
  'tls-list-expired': {
    cause: 'The list of revoked certificates is too old.',
    remedy: 'Put the current list of revoked certificates into cacrl.pem.',
  },
  'tls-list-missing': {
    cause: 'There is no list of revoked certificates for an authority.',
    remedy: 'cacrl.pem must hold the list of each authority in cacert.pem.',
  },
  'ssh-missing': {
    cause: 'The program that makes the connection cannot be started.',
    remedy: 'Is {file} installed (ssh: package openssh-client)? ?command=PATH names another.',
  },
  'ssh-unreachable': {
    cause: 'ssh does not get through to the host.',
    remedy:
      'Is the host up, does sshd listen there, and does the agent get to the network? The shipped unit needs a drop-in: libvirt-agentx contrib network.conf.example.',
  },
  'ssh-key-refused': {
    cause: 'sshd does not accept the key.',
    remedy:
      "The public key of the agent's user must be in authorized_keys of that account; ?keyfile=PATH names another key, which that user must be able to read. ssh cannot ask for a passphrase.",
  },
  'ssh-host-unknown': {
    cause: 'ssh does not know the key of the host, or it has changed.',
    remedy:
      "ssh-keyscan HOST into known_hosts of the agent's user, after a look at the fingerprint; ?known_hosts=PATH names another file.",
  },
  'ssh-no-socket': {
    cause: 'ssh gets to the host, where no libvirt daemon has a socket.',
    remedy: 'Start libvirtd or virtqemud there; ?socket=PATH names another socket.',
  },
  'ssh-silent': {
    cause: 'ssh, or the command of the URI, runs on, and nothing comes back.',
    remedy:
      'Does ssh HOST virsh -r list answer, as the user of the agent? If ssh hangs, a firewall drops its packets; if virsh does, libvirt there hangs.',
  },
  'ssh-failed': {
    cause: 'ssh, or the command of the URI, ended without a connection.',
    remedy: 'Try the same command by hand, as the user this program runs as: it must not ask for anything.',
  },
  ...saslProblems,
} as const satisfies Readonly<Record<string, Problem>>;
