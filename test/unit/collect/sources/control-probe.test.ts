import { expect, it } from 'vitest';
import { probeControl } from '../../../../src/collect/sources/control-probe.ts';
import { activeRecord, testPass } from '../collector-pass.ts';

it('forgets the control state of a domain that cannot be asked for it, and its row shows that', async () => {
  const record = activeRecord('web');
  record.runtime.control = { state: 'occupied', stateTimeMs: 5 };
  record.facts = {} as never;
  const { pass, failures } = testPass([record]);
  const libvirt = {
    callEach: (
      _procedure: unknown,
      records: readonly unknown[],
      _args: unknown,
      { failed }: { readonly failed: (one: unknown, error: unknown) => void },
    ) => {
      for (const one of records) failed(one, new Error('no'));
      return Promise.resolve();
    },
  };
  await probeControl({ ...pass, libvirt } as unknown as Parameters<typeof probeControl>[0], [record]);
  expect(record.runtime.control).toBeUndefined();
  expect(record.facts).toBeUndefined();
  expect(failures).toEqual(['web: no']);
});
