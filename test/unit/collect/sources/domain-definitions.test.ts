import { describe, expect, it } from 'vitest';
import { NotCalledError } from '../../../../src/collect/access/call-gate.ts';
import { DomainReader } from '../../../../src/collect/reader/domain-reader.ts';
import { DomainDefinitions } from '../../../../src/collect/sources/domain-definitions.ts';
import type { DomainRef } from '../../../../src/libvirt/protocol.ts';
import { activeRecord, testPass } from '../collector-pass.ts';

function makeDefinitions(): DomainDefinitions {
  return new DomainDefinitions({
    intervalSec: 60,
    withXml: false,
    withMetadata: false,
    reader: new DomainReader({ rules: [], namespaces: {} }),
    local: false,
  });
}

describe('DomainDefinitions', () => {
  it('postpones a domain whose hypervisor process does not answer', async () => {
    const record = activeRecord('web');
    const { pass, failures, postponed, spared } = testPass([record], Date.now());
    const libvirt = { call: () => Promise.reject(new NotCalledError('held')) };
    await makeDefinitions().collect({ ...pass, libvirt } as never);
    expect(postponed).toEqual([record.uuid]);
    expect(spared).toEqual(['web']);
    expect(failures).toEqual([]);
  });

  it('reads those it is restricted to, else those not read for a while', async () => {
    const records = [activeRecord('a', 1), activeRecord('b', 2)];
    const { pass, spared } = testPass(records, Date.now());
    const asked: string[] = [];
    const libvirt = {
      call: (_procedure: unknown, { domain }: { readonly domain: DomainRef }) => {
        asked.push(domain.name);
        return Promise.resolve('<domain/>');
      },
    };
    const indexes = { facts: () => ({}), setFacts: () => undefined };
    const definitions = makeDefinitions();
    const collect = async (only: readonly string[] | undefined, now: number) => {
      asked.length = 0;
      spared.length = 0;
      await definitions.collect({
        ...pass,
        libvirt,
        indexes,
        now,
        only: only && new Set(only),
      } as never);
      return [...new Set(asked)];
    };
    expect(await collect(undefined, Date.now())).toEqual(['a', 'b']);
    expect(await collect(undefined, Date.now())).toEqual([]);
    // If they refused, they do so still.
    expect(spared).toEqual(['a', 'b']);
    expect(await collect(['uuid-b', 'uuid-of-none'], Date.now())).toEqual(['b']);
    expect(await collect(undefined, Date.now() + 61_000)).toEqual(['a', 'b']);
    expect(spared).toEqual([]);
  });

  it('says in a warning what it cannot read, as long as it cannot', async () => {
    const record = activeRecord('web');
    const { pass, warnings, failures } = testPass([record], Date.now());
    const definitions = makeDefinitions();
    const collect = async (xml: string) => {
      const libvirt = { call: () => Promise.resolve(xml) };
      const indexes = { facts: () => ({}), setFacts: () => undefined };
      await definitions.collect({ ...pass, libvirt, indexes, only: new Set([record.uuid]) } as never);
    };
    const disk = '<devices><disk><target dev="vda"/></disk></devices>';
    await collect(`<domain><metadata><a>\u0001</a></metadata>${disk}</domain>`);
    expect(record.definition?.disks).toHaveLength(1);
    expect(warnings.rows).toMatchObject([
      { code: 'definitionUnreadable', text: expect.stringContaining('the metadata of web (XML is not') },
    ]);
    await collect(`<domain>${disk}`);
    expect(warnings.rows).toMatchObject([
      { text: expect.stringContaining('the definition of web (XML is not') },
    ]);
    expect(failures).toHaveLength(1);
    await collect(`<domain>${disk}</domain>`);
    expect(warnings.rows).toEqual([]);
  });
});
