import type { Image, ImageShape } from '../image/image.ts';
import type { LogLine } from '../serve/thread-logger.ts';
import type { FacesOptions } from './faces-options.ts';

/** What the main thread and the one of the faces say to each other: plain data only. */

/** A hypervisor whose images come. */
export interface FacesSource {
  /** Another one for all that ever come: one that goes and comes again has another shape or beginning. */
  readonly id: number;
  /** Empty for the only one of an agent without names. */
  readonly name: string;
  readonly shape: ImageShape;
}

/** What the thread is told when it is started, and when the configuration is another one. */
export interface FacesStart {
  /** Of each hypervisor, in their order; the default one comes first. */
  readonly sources: readonly FacesSource[];
  readonly options: FacesOptions;
}

export type ToFaces =
  | { readonly kind: 'configure'; readonly start: FacesStart }
  | { readonly kind: 'image'; readonly source: number; readonly image: Image }
  /** The main thread lives, although it has nothing new. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'stop' };

export type FromFaces =
  /** The last image is in use; nothing of the one before is read any more. */
  | { readonly kind: 'shown'; readonly source: number }
  /** Nothing of this one is read any more. */
  | { readonly kind: 'released'; readonly source: number }
  /** Something that an operator should know is so, or with no text is no longer so. */
  | { readonly kind: 'problem'; readonly key: string; readonly text: string | undefined }
  | LogLine;
