import { domainGetMessages } from '../../libvirt/procedures.ts';
import { BackOff } from './back-off.ts';
import type { Collector, CollectorPass } from './collector.ts';
import { eachDomain } from './each-domain.ts';

/** Messages kept of one domain. */
const maxMessages = 64;

/** What libvirt noted about domains: tainting, deprecation, input/output errors (virDomainGetMessages). */
export class DomainMessages implements Collector {
  readonly name = 'domain-messages';
  readonly id = 'inventory';
  readonly enabled: boolean;
  readonly intervalSec: number;
  readonly promptedBy = ['ioError', 'lifecycle'] as const;
  readonly #backOff: BackOff;

  constructor(enabled: boolean, intervalSec: number) {
    this.enabled = enabled;
    this.intervalSec = intervalSec;
    this.#backOff = new BackOff(intervalSec * 1000);
  }

  async collect(pass: CollectorPass): Promise<void> {
    if (pass.libvirt.refusal(domainGetMessages) !== undefined) return;
    await eachDomain(pass, pass.domains.present, this.#backOff, async (record) => {
      const all = await pass.libvirt.call('slow', domainGetMessages, { domain: record.ref, flags: 0 });
      const messages = all.slice(0, maxMessages);
      if (record.messages?.join('\n') === messages.join('\n') && record.messages.length === messages.length) {
        return;
      }
      record.messages = messages;
      record.touch();
    });
  }
}
