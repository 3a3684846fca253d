import { domainGetMessages } from '../../libvirt/procedures.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { eachDomain } from './each-domain.ts';
import { RetrySchedule } from './retry-schedule.ts';

/** Messages kept of one domain. */
const maxMessages = 64;

export const domainMessages: CollectorKind = {
  name: 'domain-messages',
  id: 'inventory',
  selectors: ['domain_state'],
  stage: 'background',
  interval: ({ intervals }) => intervals.snapshots,
  promptedBy: ['ioError', 'lifecycle'],
  make: ({ intervalSec }) => new DomainMessages(intervalSec),
};

/** What libvirt noted about domains: tainting, deprecation, input/output errors (virDomainGetMessages). */
export class DomainMessages implements Collector {
  readonly #retries: RetrySchedule;

  constructor(intervalSec: number) {
    this.#retries = new RetrySchedule(intervalSec * 1000);
  }

  async collect(pass: CollectorPass): Promise<void> {
    if (pass.libvirt.refusal(domainGetMessages) !== undefined) {
      pass.spared();
      return;
    }
    await eachDomain(pass, pass.domains.present, this.#retries, async (record) => {
      const all = await pass.libvirt.call(domainGetMessages, { domain: record.ref, flags: 0 });
      const messages = all.slice(0, maxMessages);
      if (record.messages?.join('\n') === messages.join('\n') && record.messages.length === messages.length) {
        return;
      }
      record.messages = messages;
      record.touch();
    });
  }
}
