import { isLocal } from '../../web/http-address.ts';
import type { HttpOptions, HttpProblem } from '../../web/http-options.ts';
import { section, setting } from '../setting.ts';
import {
  flag,
  fractionalSeconds,
  hostNames,
  httpAddress,
  integer,
  optionalPath,
  wholeSeconds,
} from '../setting-kinds.ts';

export const http = section(
  'HTTP: metrics for Prometheus and more, beside SNMP. Off unless it has an address.',
  {
    address: setting(httpAddress(), '', {
      help: 'Where HTTP is served, such as "127.0.0.1:9177", "[::1]:9177" or "unix:/run/libvirt-agentx/http". An address that others than this host reach needs TLS and users, tokens or client certificates.',
      flag: 'http',
    }),
    allowRemote: setting(flag(), false, {
      help: 'Serve an address that others can reach without TLS, or without asking who they are: where a proxy or a firewall takes care of that.',
    }),
    certificate: setting(optionalPath(), '', {
      help: 'Certificate for TLS, with its chain (PEM). Read again when it has changed.',
    }),
    privateKey: setting(optionalPath(), '', { help: 'Private key of the certificate (PEM).' }),
    clientCa: setting(optionalPath(), '', {
      help: 'Only clients with a certificate of this authority are served (PEM).',
    }),
    usersFile: setting(optionalPath(), '', {
      help: 'Users and the hashes of their passwords; lines for it: `libvirt-agentx credential --user NAME`. Read again when it has changed.',
    }),
    tokensFile: setting(optionalPath(), '', {
      help: 'Hashes of bearer tokens; lines for it: `libvirt-agentx credential --token NAME`. Read again when it has changed.',
    }),
    hosts: setting(hostNames(), [], {
      help: 'Further names of this server in Host. Of requests at a loopback address, others are refused; at an address that others reach, any name is accepted unless some are listed.',
    }),
    maxConnections: setting(integer(1, 10_000, 'connections'), 64, {
      help: 'Connections at a time; more are closed at once.',
    }),
    maxStreams: setting(integer(1, 1000, 'streams'), 16, { help: 'Streams of events at a time.' }),
    sendTimeout: setting(fractionalSeconds(1, 600), 30, {
      help: 'A client that has not taken its answer within this time is disconnected. Streams of events are not.',
    }),
    specs: setting(flag(), true, {
      help: 'Keep the definitions for /api/v1.0/specs. SNMP still does not have them without the selector "xml".',
    }),
    history: setting(wholeSeconds(0, 3600), 60, {
      help: 'How long the figures of each refresh are kept for /api/v1.0/stats; 0 keeps none.',
    }),
  },
);

/** What of these settings does not go together. */
export function httpProblems(options: HttpOptions): readonly HttpProblem[] {
  const { address, certificate, privateKey, clientCa, usersFile, tokensFile } = options;
  const problems: HttpProblem[] = [];
  if (certificate !== '' && privateKey === '') {
    problems.push({ setting: 'privateKey', message: 'is missing: http.certificate needs its private key' });
  }
  if (certificate === '' && privateKey !== '') {
    problems.push({
      setting: 'certificate',
      message: 'is missing: http.private_key is of no use without it',
    });
  }
  if (certificate === '' && clientCa !== '') {
    problems.push({ setting: 'clientCa', message: 'needs TLS: set http.certificate and http.private_key' });
  }
  if (address === undefined || isLocal(address)) return problems;
  const isAuthenticated = usersFile !== '' || tokensFile !== '' || clientCa !== '';
  if (!options.allowRemote && (certificate === '' || !isAuthenticated)) {
    const message =
      'is reached by others: set http.certificate and http.private_key, and http.users_file, http.tokens_file or ' +
      'http.client_ca; or http.allow_remote = true where something else protects it';
    problems.push({ setting: 'address', message });
  } else if (certificate === '' && usersFile !== '') {
    const message = 'needs TLS at an address that others reach: passwords would be sent in clear text';
    problems.push({ setting: 'usersFile', message });
  }
  return problems;
}
