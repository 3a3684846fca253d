import { section, setting } from '../setting.ts';
import { choice, line, optionalPath, optionalUrl, wholeSeconds } from '../setting-kinds.ts';

export const otlp = section(
  'Sending what /metrics has by OTLP over HTTP: to an OpenTelemetry Collector, to Prometheus. Off unless it has a URL.',
  {
    url: setting(optionalUrl(), '', {
      help: 'URL without /v1/metrics, such as "http://collector.example.net:4318" or "http://prometheus.example.net:9090/api/v1/otlp".',
    }),
    encoding: setting(choice(['protobuf', 'json']), 'protobuf', {
      help: 'The encoding of requests. Every receiver takes protobuf; some take JSON as well.',
    }),
    compression: setting(choice(['gzip', 'none']), 'gzip', {
      help: 'Whether requests are compressed. Without it they are ten times as large.',
    }),
    user: setting(line(200), '', { help: 'User whose password is in password_file.' }),
    passwordFile: setting(optionalPath(), '', { help: 'File whose first line is the password of the user.' }),
    tokenFile: setting(optionalPath(), '', { help: 'File whose first line is a bearer token.' }),
    interval: setting(wholeSeconds(1, 3600), 30, {
      help: 'Time between two rounds. What was sent already is not sent again.',
    }),
    instance: setting(line(200), '', {
      help: 'The attribute service.instance.id, which Prometheus calls instance. Default: the host name of the hypervisor; of one that is elsewhere, that of the agent and a slash before it; of several hypervisors, that of the agent and the name of each.',
    }),
  },
);
