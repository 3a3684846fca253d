import type { InfluxOptions } from '../../src/push/influx-push.ts';
import type { OtlpOptions } from '../../src/push/otlp-push.ts';

export const influxDefaults: InfluxOptions = {
  url: '',
  api: 'v1',
  database: 'puls',
  org: '',
  bucket: '',
  user: '',
  passwordFile: '',
  tokenFile: '',
  interval: 20,
  profile: 'pulse',
  hostStats: true,
  vmHost: '',
};

export const otlpDefaults: OtlpOptions = {
  url: '',
  encoding: 'protobuf',
  compression: 'gzip',
  user: '',
  passwordFile: '',
  tokenFile: '',
  interval: 30,
  instance: '',
};
