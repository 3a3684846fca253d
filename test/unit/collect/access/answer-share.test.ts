import { describe, expect, it } from 'vitest';
import { AnswerShare, OverShareError } from '../../../../src/collect/access/answer-share.ts';
import { connectListAllDomains, domainGetXmlDesc } from '../../../../src/libvirt/procedures.ts';

const stats = { name: 'connectGetAllDomainStats', number: 344 };
const domain = (name: string) => ({ domain: { name, uuid: `uuid-${name}`, id: 1 } });

describe('AnswerShare', () => {
  it('counts the latest answer of each kind about each domain', () => {
    const share = new AnswerShare(10_000);
    share.take(domainGetXmlDesc, domain('a'), 4000);
    share.take(domainGetXmlDesc, domain('b'), 1000);
    share.take(connectListAllDomains, { flags: 0 }, 500);
    expect(share.octets).toBe(5500);
    share.take(domainGetXmlDesc, domain('a'), 6000);
    expect(share.octets).toBe(7500);
    // So small that it is not counted, and less than before.
    share.take(domainGetXmlDesc, domain('a'), 100);
    expect(share.octets).toBe(1500);
  });

  it('divides an answer about several domains', () => {
    const share = new AnswerShare(10_000);
    const { domain: a } = domain('a');
    const { domain: b } = domain('b');
    share.take(stats, { domains: [a, b], stats: 1, flags: 0 }, 6000);
    share.take(stats, { domains: [b], stats: 1, flags: 0 }, 1000);
    expect(share.octets).toBe(4000);
  });

  it('refuses what would be more than the share, and keeps what was there', () => {
    const refused: number[] = [];
    const share = new AnswerShare(10_000, () => refused.push(share.refused));
    share.take(domainGetXmlDesc, domain('a'), 8000);
    expect(() => share.take(domainGetXmlDesc, domain('b'), 3000)).toThrow(OverShareError);
    expect(() => share.take(domainGetXmlDesc, domain('b'), 3000)).toThrow('collect.max_memory');
    expect(share.octets).toBe(8000);
    expect(refused).toEqual([1, 2]);
    // In place of the old one it fits.
    share.take(domainGetXmlDesc, domain('a'), 9000);
    share.take(domainGetXmlDesc, domain('b'), 1000);
    expect(share.octets).toBe(10_000);
  });

  it('takes lists of domains also when it is full, within limits', () => {
    const share = new AnswerShare(10_000);
    share.take(domainGetXmlDesc, domain('a'), 10_000);
    share.take(connectListAllDomains, { flags: 0 }, 2000);
    expect(() => share.take(domainGetXmlDesc, domain('b'), 300)).toThrow(OverShareError);
    expect(() => share.take(connectListAllDomains, { flags: 0 }, 3000)).toThrow(OverShareError);
    share.retain(() => false);
    share.take(domainGetXmlDesc, domain('b'), 8000);
  });

  it('has room again for those that come after what has gone', () => {
    const share = new AnswerShare(10_000);
    share.take(domainGetXmlDesc, domain('a'), 8000);
    share.take(connectListAllDomains, { flags: 0 }, 500);
    share.retain(() => false);
    expect(share.octets).toBe(500);
    share.take(domainGetXmlDesc, domain('b'), 9000);
  });
});
