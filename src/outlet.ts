import type { NotificationContent } from './events/held-notification.ts';
import type { ImageFeed } from './image/image-feed.ts';
import type { SwitchName } from './mib/bind.ts';
import type { NotifiedContent, ServedMib } from './mib/served-mib.ts';
import type { NotificationQueue } from './notify/notification-queue.ts';
import type { ServedScopeHandle } from './serve/serving-thread.ts';
import { TreeFeed } from './serve/tree-feed.ts';
import type { OutgoingNotification } from './tree/tree.ts';

/** What stays of an outlet for as long as it is there. */
export interface OutletParts {
  /** Of the hypervisor; empty for the only one. */
  readonly name: string;
  readonly mib: ServedMib;
  readonly images: ImageFeed;
}

/** Where what is known of one hypervisor goes out. It outlives a reload, so that nothing disappears. */
export class Outlet {
  readonly name: string;
  readonly mib: ServedMib;
  readonly images: ImageFeed;
  /** Receives SETs; changes with each set of parts behind it. */
  onSwitch: (name: SwitchName, value: boolean) => void = () => undefined;
  /** What names the hypervisor in a notification. */
  identity: () => NotifiedContent['values'] = () => ({});
  /** What it is served to the master as. */
  scopeKey = '';
  /** Undefined while nothing is served to a master. */
  scope: ServedScopeHandle | undefined;
  /** What is on its way to the master. */
  queue: NotificationQueue | undefined;

  constructor({ name, mib, images }: OutletParts) {
    this.name = name;
    this.mib = mib;
    this.images = images;
  }

  /**
   * Takes snapshots to those who read, from now on.
   *
   * @param sharers how many hypervisors share the thread.
   */
  feed(sharers = 1): TreeFeed {
    return new TreeFeed({
      sharers,
      build: (snapshot, previous) => this.mib.buildTree(snapshot, previous),
      deliver: (tree) => this.images.push(tree, this.scope?.switchesSeen),
    });
  }

  /** A notification with its OIDs, and where it is from. */
  encode(content: NotificationContent, appended: NotifiedContent['values']): OutgoingNotification {
    const encoded = this.mib.encode(content, { ...this.identity(), ...appended });
    return this.name === '' ? encoded : { ...encoded, context: this.name };
  }
}
