import { SecretFile } from '../run/secret-file.ts';

/** How a target is told who writes. */
export interface PushSecret {
  /** Empty where there is only a token. */
  readonly user: string;
  /** Paths; empty for none. */
  readonly passwordFile: string;
  readonly tokenFile: string;
  /** What stands before a token in Authorization. */
  readonly tokenScheme: 'Token' | 'Bearer';
}

/** What a header can hold. */
const headerText = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The header, if there is a secret. The file is read each time: it may have been replaced.
 *
 * @throws if the file cannot be read, RangeError if no header can hold what is in it.
 */
export async function authorization(secret: PushSecret): Promise<Readonly<Record<string, string>>> {
  const { user, passwordFile, tokenFile, tokenScheme } = secret;
  const text = await new SecretFile(passwordFile || tokenFile).read();
  if (text === undefined) return {};
  if (user === '') {
    // fetch would say so as well, with the token in its message.
    if (!headerText.test(text)) throw new RangeError(`the first line of ${tokenFile} is no token`);
    return { authorization: `${tokenScheme} ${text}` };
  }
  return { authorization: `Basic ${Buffer.from(`${user}:${text}`).toString('base64')}` };
}
