import type { Config } from '../config/config.ts';
import { type HypervisorConfig, hypervisorConfigs } from '../config/hypervisor-configs.ts';
import { didYouMean } from '../config/suggest.ts';
import { DaemonError } from '../errors.ts';

/**
 * The hypervisors that a command is about: the one named with --hypervisor, or those it is about by itself.
 *
 * @throws DaemonError with code USAGE if there is none of that name.
 */
export function chosenHypervisors(
  config: Config,
  options: Readonly<Record<string, unknown>>,
  otherwise: 'all' | 'default',
): readonly HypervisorConfig[] {
  const all = hypervisorConfigs(config);
  const wanted = options['hypervisor'];
  if (typeof wanted !== 'string') return all.filter(({ isDefault }) => otherwise === 'all' || isDefault);
  const names = all.map(({ name }) => name).filter((name) => name !== '');
  const found = all.filter(({ name }) => name === wanted);
  if (found.length > 0) return found;
  const hint =
    names.length === 0
      ? 'the configuration has no [[hypervisors]]'
      : `those of the configuration are ${names.join(', ')}${didYouMean(wanted, names)}`;
  throw new DaemonError('USAGE', `--hypervisor ${wanted}: there is no such hypervisor; ${hint}`);
}
