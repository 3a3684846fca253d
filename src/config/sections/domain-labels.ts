import { z } from 'zod';
import { type DomainLabels, domainLabelSource, reservedLabels } from '../../families/domain-labels.ts';
import type { FreeTable } from '../setting.ts';

const table = z
  .record(z.string(), z.unknown(), { error: 'must be a table: [domain_labels]' })
  .transform((given, context): DomainLabels => {
    const sources: Record<string, DomainLabels[string]> = {};
    for (const [name, value] of Object.entries(given)) {
      const source = typeof value === 'string' ? domainLabelSource(value) : undefined;
      if (!/^[a-zA-Z_]\w*$/.test(name) || name.startsWith('__')) {
        context.addIssue({ code: 'custom', path: [name], message: 'is no name of a label' });
      } else if (reservedLabels.has(name)) {
        context.addIssue({ code: 'custom', path: [name], message: 'is a label that series have already' });
      } else if (source === undefined) {
        const message = `must be "uuid", "title", "nova.instance_name", "label.NAME" or the like, not ${JSON.stringify(value)}: see docs/metrics.md`;
        context.addIssue({ code: 'custom', path: [name], message });
      } else {
        sources[name] = source;
      }
    }
    return sources;
  });

export const domainLabels: FreeTable<DomainLabels> = {
  schema: table.prefault({}),
  help: 'Labels for every series of a domain in /metrics: name = source. Sources are "uuid", "title", "os_type", "arch", "machine", "nova.instance_name", "nova.flavor", "nova.project_name", "nova.project_id", "nova.user_name", "nova.user_id", "nova.image_id", and "label.NAME" for a rule of [[labels]].',
  example: '[domain_labels]\nuuid = "uuid"\nproject_name = "nova.project_name"',
};
