import type { Image, ImageShape } from '../image/image.ts';
import type { LogLine } from '../serve/thread-logger.ts';
import type { FacesOptions } from './faces-options.ts';

/** What the main thread and the one of the faces say to each other: plain data only. */

/** What the thread is told when it is started. */
export interface FacesStart {
  readonly shape: ImageShape;
  readonly options: FacesOptions;
}

export type ToFaces =
  | { readonly kind: 'image'; readonly image: Image }
  /** The main thread lives, although it has nothing new. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'stop' };

export type FromFaces =
  /** The last image is in use; nothing of the one before is read any more. */
  | { readonly kind: 'shown' }
  /** Something that an operator should know is so, or with no text is no longer so. */
  | { readonly kind: 'problem'; readonly key: string; readonly text: string | undefined }
  | LogLine;
