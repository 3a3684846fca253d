import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { type Advice, AuthenticationFailedError, advise, errorText } from '../../errors.ts';
import { SecretFile } from '../../run/secret-file.ts';
import { readSmallFile } from '../../run/small-file.ts';
import type { Login } from '../uri.ts';
import { type AuthFileEntry, lookUpAuthFile } from './auth-file.ts';
import type { Credentials } from './mechanism.ts';
import { type MechanismName, mechanismNames } from './mechanism-names.ts';
import { saslProblems } from './problems.ts';

/** What the operator says about authentication with SASL. */
export interface SaslSettings {
  /** Empty: the user of the URI, or libvirt's `auth.conf`. */
  readonly user: string;
  /** Empty: libvirt's `auth.conf`. */
  readonly passwordFile: string;
  /** The mechanisms that may be used. */
  readonly mechanisms: readonly MechanismName[];
}

/** Whatever is known, with the credentials of libvirt's own files. */
export const defaultSaslSettings: SaslSettings = { user: '', passwordFile: '', mechanisms: mechanismNames };

/** Credentials, and where the password is from, for messages. */
export interface FoundCredentials extends Credentials {
  readonly passwordFrom: string;
}

/**
 * Looks for a user and a password: in our settings, in the URI, then in libvirt's `auth.conf`. Files are read
 * anew each time.
 *
 * @throws AuthenticationFailedError that says which file is wrong, or where none was found.
 */
export async function findCredentials(
  settings: SaslSettings,
  login: Login,
  peer: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<FoundCredentials> {
  const missing = (what: string, advice: Advice): AuthenticationFailedError =>
    new AuthenticationFailedError(`${peer} wants ${what} (SASL), and there is none`, advice);
  const wanted = settings.user || login.user;
  const file = settings.passwordFile === '' ? await findInAuthFile(login, env) : undefined;
  const user = wanted ?? file?.entry.user;
  if (settings.passwordFile !== '') {
    if (user === undefined) {
      throw missing('a user', advise(saslProblems, 'sasl-user-missing', { path: 'an auth.conf of libvirt' }));
    }
    const password = await passwordOf(settings.passwordFile);
    if (password === '') {
      throw missing(
        'a password',
        advise(saslProblems, 'sasl-password-missing', { path: settings.passwordFile }),
      );
    }
    return { user, password, passwordFrom: `${settings.passwordFile} (libvirt.sasl_password_file)` };
  }
  if (file === undefined) {
    const places = authFilePlaces(login, env).join(', ');
    throw missing('a user and a password', advise(saslProblems, 'sasl-credentials-missing', { places }));
  }
  const { path, entry } = file;
  if (user === undefined) throw missing('a user', advise(saslProblems, 'sasl-user-missing', { path }));
  if (entry.password === undefined) {
    throw missing('a password', advise(saslProblems, 'sasl-password-missing', { path }));
  }
  return { user, password: entry.password, realm: entry.realm, passwordFrom: path };
}

async function passwordOf(path: string): Promise<string> {
  try {
    return (await new SecretFile(path).read()) ?? '';
  } catch (error) {
    throw new AuthenticationFailedError(
      `cannot read the password: ${errorText(error)}`,
      advise(saslProblems, 'sasl-password-unreadable', { path }),
      { cause: error },
    );
  }
}

/** The files that {@link findCredentials} reads or would read. */
export function credentialFiles(
  settings: SaslSettings,
  login: Login,
  env: Readonly<Record<string, string | undefined>> = process.env,
): readonly string[] {
  return settings.passwordFile === '' ? authFilePlaces(login, env) : [settings.passwordFile];
}

/** Where libvirt's own library looks, in its order; the first that exists is read. */
export function authFilePlaces(
  { authFile }: Login,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const named = env['LIBVIRT_AUTH_FILE'] || authFile;
  if (named !== undefined) return [named];
  const configHome = env['XDG_CONFIG_HOME'] || `${env['HOME'] || homedir()}/.config`;
  return [`${configHome}/libvirt/auth.conf`, '/etc/libvirt/auth.conf'];
}

async function findInAuthFile(
  login: Login,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly path: string; readonly entry: AuthFileEntry } | undefined> {
  const places = authFilePlaces(login, env);
  for (const path of places) {
    let text: string;
    try {
      text = await readSmallFile(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      // In a folder that this user may not look into (a service with the HOME of root), libvirt passes over it, too.
      if (path !== places.at(-1) && !existsSync(path)) continue;
      throw new AuthenticationFailedError(
        `cannot read libvirt's file of credentials: ${errorText(error)}`,
        advise(saslProblems, 'sasl-auth-file-unreadable', { path }),
        { cause: error },
      );
    }
    try {
      const entry = lookUpAuthFile(text, login.host);
      return entry === undefined ? undefined : { path, entry };
    } catch (error) {
      throw new AuthenticationFailedError(
        `${path}: ${errorText(error)}`,
        advise(saslProblems, 'sasl-auth-file-invalid'),
        { cause: error },
      );
    }
  }
  return undefined;
}
