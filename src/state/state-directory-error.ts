import { DaemonError, errorText, isOutOfFiles, openFilesRemedy } from '../errors.ts';
import { hasCode } from './state-file.ts';

/** The state directory cannot be used. `reason` tells whether the agent can go on all the same. */
export class StateDirectoryError extends DaemonError {
  readonly reason: 'locked' | 'permission' | 'full' | 'silent' | 'unusable';
  /** A sentence for the operator. */
  readonly remedy: string;
  /** Of one that is silent: resolves when its file system has answered after all. Asked again, it would take one more thread. */
  readonly answered: Promise<void> | undefined;

  constructor(
    reason: StateDirectoryError['reason'],
    message: string,
    remedy: string,
    options?: ErrorOptions & { readonly answered?: Promise<unknown> },
  ) {
    super('STATE_UNUSABLE', message, options);
    this.reason = reason;
    this.remedy = remedy;
    this.answered = options?.answered?.then(
      () => undefined,
      () => undefined,
    );
  }
}

/** The error of a directory that cannot be created, read or written. */
export function unusableDirectory(path: string, error: unknown): StateDirectoryError {
  if (hasCode(error, 'EACCES') || hasCode(error, 'EPERM') || hasCode(error, 'EROFS')) {
    return new StateDirectoryError(
      'permission',
      `${path} cannot be written: ${systemText(error)}`,
      `Make ${path} writable for the user of the agent (uid ${process.getuid?.() ?? 'unknown'}), or set ` +
        'state.directory to another one.',
      { cause: error },
    );
  }
  if (hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT')) {
    return new StateDirectoryError(
      'full',
      `${path} cannot be written: ${systemText(error)}`,
      'Make room on its file system.',
      { cause: error },
    );
  }
  if (isOutOfFiles(error)) {
    return new StateDirectoryError(
      'full',
      `${path} cannot be used: ${systemText(error)}`,
      `Please ${openFilesRemedy}.`,
      { cause: error },
    );
  }
  return new StateDirectoryError(
    'unusable',
    `${path} cannot be used: ${systemText(error)}`,
    'Set state.directory to a directory on a local file system.',
    { cause: error },
  );
}

/** The text of an error of the system, without the names of files that each attempt makes anew: it is the same error. */
export function systemText(error: unknown): string {
  return errorText(error).replaceAll(/(\/\.lock)\.[\w.-]+/g, '$1');
}
