/** What to tell of an error that means that the process may open no more files; undefined of any other. */
export function openFilesText(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? cause.code : undefined;
    if (code === 'EMFILE' || code === 'ENFILE') {
      return 'too many open files: the program needs 256 or more (ulimit -n, LimitNOFILE= of the service)';
    }
  }
  return undefined;
}
