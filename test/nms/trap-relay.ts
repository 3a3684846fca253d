import { receivers, type TrapReceivers } from './trap-receivers.ts';
import type { ZabbixServer } from './zabbix-server.ts';

/** Hands what receivers write to Zabbix servers, as if each of them read the receivers' file. */
export class TrapRelay {
  readonly #traps: TrapReceivers;
  readonly #servers: readonly ZabbixServer[];
  /** What a receiver had written when it was last looked at, and how much of that the servers have. */
  readonly #seen = new Map<string, { readonly text: string; readonly sent: number }>();

  constructor(traps: TrapReceivers, servers: readonly ZabbixServer[]) {
    this.#traps = traps;
    this.#servers = servers;
  }

  /** Hands on what is new, but nothing that a receiver may still be writing. */
  handOn(): void {
    for (const receiver of receivers) {
      const text = this.#traps.text(receiver);
      const before = this.#seen.get(receiver);
      const sent = before?.sent ?? 0;
      const isWhole = before?.text === text && sent < text.length;
      if (isWhole) this.#write(text.slice(sent));
      this.#seen.set(receiver, { text, sent: isWhole ? text.length : sent });
    }
  }

  /** Says all again: a server that did not know its hosts has forgotten it. */
  repeat(): void {
    for (const receiver of receivers) {
      const text = this.#traps.text(receiver);
      this.#write(text);
      this.#seen.set(receiver, { text, sent: text.length });
    }
  }

  #write(text: string): void {
    for (const server of this.#servers) server.writeTrap(text);
  }
}
