import { matcherOf, type Variable } from './dashboard.ts';

export const job: Variable = { name: 'job', label: 'Job', isMultiple: true, expr: 'libvirt_up' };

const instanceExpr = `libvirt_up{${matcherOf(job)}}`;

/** Hosts, several at a time. */
export const instances: Variable = {
  name: 'instance',
  label: 'Host',
  isMultiple: true,
  expr: instanceExpr,
};

/** One host. */
export const instance: Variable = { ...instances, isMultiple: false };

/** One virtual machine, wherever it is. */
export const domain: Variable = {
  name: 'domain',
  label: 'VM',
  isMultiple: false,
  expr: `libvirt_domain_up{${matcherOf(job)},${matcherOf(instances)}}`,
};
