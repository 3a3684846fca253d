import type { Problem } from '../../errors.ts';

/** What can stand in the way of an authentication with SASL. */
export const saslProblems = {
  'sasl-no-mechanism': {
    cause: 'The daemon wants SASL, and offers no mechanism that is known and allowed here.',
    remedy:
      'Have the daemon offer one: "mech_list: scram-sha-256" in /etc/sasl2/libvirt.conf on that host, and its plug-in installed (Debian: package libsasl2-modules). Or use qemu+ssh://. Kerberos is not known here.',
  },
  'sasl-no-encryption': {
    cause: 'Over plain TCP libvirt takes only mechanisms that encrypt, of which DIGEST-MD5 is known here.',
    remedy:
      'Better use qemu+tls:// with "mech_list: scram-sha-256" in /etc/sasl2/libvirt.conf on that host, or qemu+ssh://. Kerberos is not known here.',
  },
  'sasl-password-in-the-clear': {
    cause:
      'The only mechanism in common would tell the password to whoever listens or pretends to be the host.',
    remedy: 'Use qemu+tls:// without no_verify, or qemu+ssh://; or have the daemon offer SCRAM-SHA-256.',
  },
  'sasl-weak-encryption': {
    cause: 'The daemon offers no encryption with DIGEST-MD5 that is strong enough and known here.',
    remedy: 'Use qemu+tls:// without no_verify, or qemu+ssh://.',
  },
  'sasl-credentials-missing': {
    cause: 'The daemon wants a user and a password, and there are none.',
    remedy:
      'Set sasl_user and sasl_password_file in [libvirt], or give authname and password in an auth.conf of libvirt: {places}.',
  },
  'sasl-user-missing': {
    cause: 'There is a password for SASL, and no user.',
    remedy: 'Set sasl_user in [libvirt], or give authname beside the password in {path}.',
  },
  'sasl-password-missing': {
    cause: 'There is a user for SASL, and no password.',
    remedy:
      'In {path}: sasl_password_file of [libvirt] has it as its first line, an auth.conf as password beside authname.',
  },
  'sasl-password-unreadable': {
    cause: 'This user cannot read the file with the password.',
    remedy: 'Make {path} (libvirt.sasl_password_file) readable for the user this program runs as.',
  },
  'sasl-auth-file-unreadable': {
    cause: "This user cannot read libvirt's file of credentials.",
    remedy: 'Make {path} readable for the user this program runs as, or set sasl_password_file in [libvirt].',
  },
  'sasl-auth-file-invalid': {
    cause: "libvirt's file of credentials is not in its form.",
    remedy: 'See "Connection authentication" in the documentation of libvirt.',
  },
  'sasl-refused': {
    cause: 'The daemon does not accept the user or the password.',
    remedy:
      'The password is from {from}. Users of the daemon: sasldblistusers2 -f FILE on that host, FILE as sasldb_path in /etc/sasl2/libvirt.conf says; see sasl_allowed_username_list in libvirtd.conf as well. Over plain TCP, libvirt refuses mechanisms that do not encrypt.',
  },
  'sasl-unproved': {
    cause: 'The daemon has not proved that it knows the password: it may be somebody else.',
    remedy: 'Is the host name of the URI right? Over TLS, is its certificate the one you expect?',
  },
  'sasl-iterations': {
    cause: 'The daemon wants a number of iterations that is not allowed.',
    remedy:
      'See scram_iteration_counter in /etc/sasl2/libvirt.conf on that host; if it is not set there, somebody else may be answering.',
  },
} as const satisfies Readonly<Record<string, Problem>>;
