import { describe, expect, it } from 'vitest';
import { eachDomain } from '../../../../src/collect/sources/each-domain.ts';
import { RetrySchedule } from '../../../../src/collect/sources/retry-schedule.ts';
import { ConnectionLostError } from '../../../../src/errors.ts';
import { LibvirtError } from '../../../../src/libvirt/libvirt-error.ts';
import { virErrors } from '../../../../src/libvirt-enums/error-code.ts';
import { activeRecord, testPass } from '../collector-pass.ts';

const names = ['a', 'b', 'c', 'd', 'e'];
const records = names.map((name, i) => activeRecord(name, i + 1));

function libvirtError(virCode: number, message = 'refused', virDomain = 10): LibvirtError {
  return new LibvirtError({ virCode, virDomain, level: 2, procedure: 'p' }, message);
}

async function attempt(
  fail: (name: string) => Error | undefined,
  retries = new RetrySchedule(1000),
  now = 0,
) {
  const { pass, failures } = testPass(records, now);
  const tried: string[] = [];
  const running = eachDomain(pass, records, retries, (record) => {
    tried.push(record.name);
    const error = fail(record.name);
    return error === undefined ? Promise.resolve() : Promise.reject(error);
  });
  await running;
  return { tried, failures, retries };
}

describe('eachDomain', () => {
  it('reports the domain that fails and goes on with the others', async () => {
    const { tried, failures } = await attempt((name) =>
      name === 'b' ? libvirtError(virErrors.internal, 'oops') : undefined,
    );
    expect(tried).toEqual(names);
    expect(failures).toEqual(['b: oops']);
  });

  it('does not soon ask again what a domain cannot do, but what may pass', async () => {
    const unsupported = await attempt((name) =>
      name === 'c' ? libvirtError(virErrors.operationUnsupported) : undefined,
    );
    expect((await attempt(() => undefined, unsupported.retries, 500)).tried).toEqual(['a', 'b', 'd', 'e']);
    expect((await attempt(() => undefined, unsupported.retries, 1500)).tried).toEqual(names);
    const passing = await attempt((name) => (name === 'c' ? libvirtError(virErrors.internal) : undefined));
    expect((await attempt(() => undefined, passing.retries, 1)).tried).toEqual(names);
  });

  it('says nothing of a domain that ceased to exist', async () => {
    const { failures } = await attempt(() => libvirtError(virErrors.noDomain));
    expect(failures).toEqual([]);
  });

  it('stops asking when the first answers show that it is of no use', async () => {
    const unknown = await attempt(() => libvirtError(virErrors.rpc, 'unknown procedure: 999', 7));
    expect(unknown.tried.length).toBeLessThan(names.length);
    const denied = await attempt(() => libvirtError(virErrors.operationDenied));
    expect(denied.tried.length).toBeLessThan(names.length);
  });

  it('ends with the connection', async () => {
    await expect(attempt(() => new ConnectionLostError('gone'))).rejects.toThrow(ConnectionLostError);
  });
});
