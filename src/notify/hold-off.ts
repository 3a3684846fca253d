/** One notification that wants to go out. */
export interface Offer {
  /** The entity and the type of notification. */
  readonly family: string;
  /** What the notification says: `running`. Different variants do not hold each other off. */
  readonly variant: string;
  /**
   * Whether the family describes a condition: if the newest variant was held off, it is sent when its time
   * is up, so that receivers are not left with a condition that has passed.
   */
  readonly lasting: boolean;
  readonly send: () => void;
}

interface Family {
  /** When each variant was sent last, by the monotonic clock. */
  readonly sentAt: Map<string, number>;
  lastSent: string | undefined;
  /** The newest variant held off. */
  held: Offer | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Families are looked through for forgotten ones when there are more than this. */
const sweepSize = 1000;

/**
 * Keeps a minimum time between two notifications that say the same about the same entity
 * (lveNotifyHoldoff; RFC 4181 section 4.7 demands throttling).
 */
export class HoldOff {
  readonly #holdoffMs: number;
  readonly #monotonicMs: () => number;
  readonly #onSuppressed: () => void;
  readonly #families = new Map<string, Family>();
  #sweepAt = sweepSize;

  /** @param onSuppressed - called for each notification that will never be sent */
  constructor(holdoffMs: number, monotonicMs: () => number, onSuppressed: () => void) {
    this.#holdoffMs = holdoffMs;
    this.#monotonicMs = monotonicMs;
    this.#onSuppressed = onSuppressed;
  }

  /** Sends the notification now, later or never. */
  offer(offer: Offer): void {
    if (this.#holdoffMs <= 0) {
      offer.send();
      return;
    }
    const now = this.#monotonicMs();
    const family = this.#family(offer.family, now);
    const sentAt = family.sentAt.get(offer.variant);
    if (sentAt === undefined || now - sentAt >= this.#holdoffMs) {
      this.#send(family, offer, now);
      return;
    }
    if (!offer.lasting) {
      this.#onSuppressed();
      return;
    }
    if (family.held !== undefined) this.#onSuppressed();
    family.held = offer;
    clearTimeout(family.timer);
    family.timer = setTimeout(() => this.#due(family), sentAt + this.#holdoffMs - now);
    family.timer.unref();
  }

  /** Sends what is held off and still news: nobody will do it later. */
  close(): void {
    for (const family of this.#families.values()) {
      clearTimeout(family.timer);
      this.#due(family);
    }
    this.#families.clear();
  }

  #due(family: Family): void {
    const { held } = family;
    family.held = undefined;
    family.timer = undefined;
    if (held === undefined) return;
    if (held.variant === family.lastSent) this.#onSuppressed();
    else this.#send(family, held, this.#monotonicMs());
  }

  #send(family: Family, offer: Offer, now: number): void {
    family.sentAt.set(offer.variant, now);
    family.lastSent = offer.variant;
    // What is held off is older than what is sent now.
    if (family.held !== undefined) this.#onSuppressed();
    family.held = undefined;
    clearTimeout(family.timer);
    family.timer = undefined;
    offer.send();
  }

  #family(name: string, now: number): Family {
    const known = this.#families.get(name);
    if (known !== undefined) return known;
    if (this.#families.size >= this.#sweepAt) this.#sweep(now);
    const family: Family = { sentAt: new Map(), lastSent: undefined, held: undefined, timer: undefined };
    this.#families.set(name, family);
    return family;
  }

  #sweep(now: number): void {
    for (const [name, family] of this.#families) {
      const isOld = [...family.sentAt.values()].every((sentAt) => now - sentAt >= this.#holdoffMs);
      if (isOld && family.timer === undefined) this.#families.delete(name);
    }
    this.#sweepAt = Math.max(sweepSize, 2 * this.#families.size);
  }
}
