import { expect } from 'vitest';
import { programPath } from '../lab/agent.ts';
import type { Libvirtd } from '../lab/libvirtd.ts';
import { runAnyway } from '../lab/process.ts';

/** Runs the program where the listeners of a lab are. */
export class DumpOver {
  readonly #libvirtd: Libvirtd;
  readonly #domains: readonly string[];
  readonly #env: Readonly<Record<string, string>>;

  /** @param domains - names of the domains that are there. */
  constructor(libvirtd: Libvirtd, domains: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#libvirtd = libvirtd;
    this.#domains = domains;
    this.#env = env;
  }

  /** The same with more variables in the environment of the program. */
  with(env: Readonly<Record<string, string>>): DumpOver {
    return new DumpOver(this.#libvirtd, this.#domains, { ...this.#env, ...env });
  }

  /** @param uri - undefined for what the program takes by default. */
  async run(uri: string | undefined, ...more: readonly string[]) {
    const [command = '', ...prefix] = this.#libvirtd.namespaces.enter;
    // A default of whoever runs the tests is none of theirs.
    const variables = Object.entries(this.#env).map(([name, value]) => `${name}=${value}`);
    const uriOption = uri === undefined ? [] : ['--uri', uri];
    const program = [process.execPath, programPath, 'dump', ...uriOption, ...more];
    return await runAnyway(command, [
      ...prefix,
      'env',
      '-u',
      'LIBVIRT_DEFAULT_URI',
      ...variables,
      ...program,
    ]);
  }

  /** All that is collected over a URI: everything is asked at once, as by the agent. */
  async expectDomains(uri: string | undefined): Promise<void> {
    const { code, stdout, stderr } = await this.run(uri, '--extra-stats', 'all');
    expect([uri, code, stderr]).toEqual([uri, 0, expect.not.stringMatching(/no reply|connection to/)]);
    for (const name of this.#domains) expect(stdout).toMatch(new RegExp(`lveDomName\\.\\d+ = .*${name}`));
    expect([...stdout.matchAll(/lveDomStatsStatus\.\d+ = (.*)/g)].map(([, status]) => status)).toEqual(
      this.#domains.map(() => expect.stringContaining('ok')),
    );
  }

  /** How the program ends that cannot connect: one line, and a remedy. */
  async failure(uri: string): Promise<string> {
    const { code, stderr } = await this.run(uri);
    expect([uri, code]).toEqual([uri, 69]);
    expect(stderr).not.toMatch(/^\s+at /m);
    const lines = stderr.split('\n').filter((line) => line !== '');
    expect([uri, lines.length, stderr]).toEqual([uri, 2, stderr]);
    return lines.join('\n');
  }
}
