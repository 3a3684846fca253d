import { section, setting } from '../setting.ts';
import { choice, integer, optionalHost, wholeSeconds } from '../setting-kinds.ts';

export const statsd = section('Sending to a StatsD server. Off unless it has a host.', {
  host: setting(optionalHost(), '', { help: 'Host name or address of the server.' }),
  port: setting(integer(1, 65_535), 8125, { help: 'UDP port of the server.' }),
  interval: setting(wholeSeconds(1, 3600), 15, { help: 'Time between two rounds.' }),
  format: setting(choice(['vadvisor', 'dogstatsd']), 'vadvisor', {
    help: 'vadvisor: names with the UUID of the machine in them. dogstatsd: the names of /metrics with their labels as tags.',
  }),
});
