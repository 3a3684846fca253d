import type { Config } from './config.ts';

/** Whether a domain of this name is monitored at all (collect.include, collect.exclude). */
export function domainFilter({ include, exclude }: Config['collect']): (name: string) => boolean {
  return (name) =>
    (include.length === 0 || include.some((each) => each.test(name))) &&
    !exclude.some((each) => each.test(name));
}
