/** Where a file of the state is kept, and whether it may be written. */
export interface StatePlace {
  /** The directory. */
  readonly path: string;
  /** Whether files may be written there now: by this agent alone, as far as is known. */
  readonly writable: boolean;
  /** Has a listener called each time files may be written again, also after the directory was made anew. */
  onWritable(listener: () => void): void;
  /** Has a listener called every now and then while files may be written, to see whether its file is still there. */
  onLook(listener: () => Promise<void>): void;
}
