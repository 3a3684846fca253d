import { describe, expect, it } from 'vitest';
import { MonitorGate } from '../../../../src/collect/access/monitor-gate.ts';
import { DomainDefinitions } from '../../../../src/collect/sources/domain-definitions.ts';
import { LabelReader } from '../../../../src/definition/labels.ts';
import { activeRecord, testPass } from '../collector-pass.ts';

function makeDefinitions(): DomainDefinitions {
  return new DomainDefinitions({
    intervalSec: 60,
    withXml: false,
    withMetadata: false,
    labels: new LabelReader([], {}),
    local: false,
    onChange: () => undefined,
    onRecord: () => undefined,
  });
}

describe('a domain whose hypervisor process does not answer', () => {
  it('is not asked again before it may be, and then is', async () => {
    const record = activeRecord('web');
    const gate = new MonitorGate(3);
    const lease = await gate.reserve([record.uuid]);
    let answer: () => void = () => undefined;
    lease?.unanswered(
      new Promise<void>((resolve) => {
        answer = resolve;
      }),
    );
    const { pass, failures } = testPass([record], Date.now());
    const libvirt = { gate, monitorCall: () => Promise.resolve({ called: false, why: 'held' }) };
    const definitions = makeDefinitions();
    definitions.request(record.uuid);

    await definitions.collect({ ...pass, libvirt } as never);
    expect(definitions.hasRequests).toBe(false);
    definitions.resume(gate);
    expect(definitions.hasRequests).toBe(false);

    answer();
    await Promise.resolve();
    definitions.resume(gate);
    expect(definitions.hasRequests).toBe(true);
    expect(failures).toEqual([]);
  });
});
