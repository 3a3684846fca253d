import type { InfluxOptions } from '../../push/influx-push.ts';
import { type SecretProblem, secretProblems } from '../push-secrets.ts';
import { section, setting } from '../setting.ts';
import { choice, flag, line, optionalPath, optionalUrl, wholeSeconds } from '../setting-kinds.ts';

export const influxdb = section(
  'Writing to InfluxDB, or to what takes its writes. Off unless it has a URL.',
  {
    url: setting(optionalUrl(), '', { help: 'URL of the server, such as "http://influx.example.net:8086".' }),
    api: setting(choice(['v1', 'v2']), 'v1', {
      help: 'v1: /write with a database. v2: /api/v2/write with an organization and a bucket. InfluxDB 3 takes either.',
    }),
    database: setting(line(200), 'puls', { help: 'Database, for v1.' }),
    org: setting(line(200), '', { help: 'Organization, for v2.' }),
    bucket: setting(line(200), '', { help: 'Bucket, for v2.' }),
    user: setting(line(200), '', { help: 'User whose password is in password_file, for v1.' }),
    passwordFile: setting(optionalPath(), '', { help: 'File whose first line is the password of the user.' }),
    tokenFile: setting(optionalPath(), '', { help: 'File whose first line is a token.' }),
    interval: setting(wholeSeconds(1, 3600), 20, {
      help: 'Time between two rounds. What was written already is not written again.',
    }),
    profile: setting(choice(['pulse', 'native']), 'pulse', {
      help: 'pulse: measurements, fields and tags of cs-pulse-sensor. native: a measurement for each table of the MIB.',
    }),
    hostStats: setting(flag(), true, { help: 'Write figures of the host as well.' }),
    vmHost: setting(line(200), '', { help: 'Tag vmHost. Default: the URI of the connection to libvirt.' }),
  },
);

/** What of these settings does not go together. */
export function influxProblems(options: InfluxOptions): readonly SecretProblem<'bucket'>[] {
  const { url, api, bucket } = options;
  if (url === '') return [];
  const message = 'is missing: influxdb.api = "v2" writes to a bucket';
  const missing = api === 'v2' && bucket === '' ? [{ setting: 'bucket' as const, message }] : [];
  return [...missing, ...secretProblems('influxdb', options)];
}
