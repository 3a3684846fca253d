import { isOutOfFiles } from '../errors.ts';

/** What to tell of an error that means that the process may open no more files; undefined of any other. */
export function openFilesText(error: unknown): string | undefined {
  return isOutOfFiles(error)
    ? 'too many open files: the program needs 256 or more (ulimit -n, LimitNOFILE= of the service)'
    : undefined;
}
