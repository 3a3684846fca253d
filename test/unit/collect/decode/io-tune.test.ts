import { describe, expect, it } from 'vitest';
import { ioTuneOf, nicLimitsOf, schedulerOf } from '../../../../src/collect/decode/io-tune.ts';
import { noParams } from '../../../../src/libvirt/typed-params.ts';
import { paramFixture, typedParams } from '../params.ts';

describe('ioTuneOf', () => {
  it('has the limits that are set, as libvirt 9.0 recorded', () => {
    expect(ioTuneOf(3, 'vda', paramFixture('block-io-tune-9.0').typed)).toMatchObject({
      diskIndex: 3,
      totalBytes: 1_048_576,
      totalBytesMax: 2_097_152,
      readIops: 100,
      readBytes: undefined,
      writeIopsMax: undefined,
      totalBytesMaxLengthSec: 1,
      readBytesMaxLengthSec: undefined,
    });
  });

  it('has no row for a disk without a limit, whatever its group', () => {
    expect(ioTuneOf(1, 'vda', noParams)).toBeUndefined();
    const rows = typedParams([
      ['total_bytes_sec', 'ullong', 0],
      ['group_name', 'string', 'drive-vda'],
      ['read_iops_sec_max_length', 'ullong', 1],
    ]);
    expect(ioTuneOf(1, 'vda', rows)).toBeUndefined();
  });
});

describe('schedulerOf', () => {
  it.each([
    [-1, -1],
    [50_000, 50_000],
    [0, undefined],
    [17_592_186_044_415, -1],
    ['18446744073709551', -1],
  ])('reads a quota of %s as %s', (quota, expected) => {
    const params = typedParams([
      ['cpu_shares', 'ullong', 2048],
      ['vcpu_period', 'ullong', 100_000],
      ['vcpu_quota', 'llong', quota],
    ]);
    expect(schedulerOf(params)).toEqual({ shares: 2048, quotaUs: expected, periodUs: 100_000 });
  });
});

describe('nicLimitsOf', () => {
  it('turns KiB per second into bytes, and is absent without limits', () => {
    const params = typedParams([
      ['inbound.average', 'uint', 1000],
      ['outbound.average', 'uint', 0],
    ]);
    expect(nicLimitsOf(params)).toEqual({ inAverageBytes: 1_024_000, outAverageBytes: undefined });
    expect(nicLimitsOf(noParams)).toBeUndefined();
  });
});
