/** Where a file of the state is kept, and whether it may be written. */
export interface StatePlace {
  /** The directory. */
  readonly path: string;
  /** Whether files may be written there now: by this agent alone, as far as is known. */
  readonly writable: boolean;
  /** Has a listener called each time files may be written again, also after the directory was made anew. */
  onWritable(listener: () => void): void;
}
