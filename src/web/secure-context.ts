import type { SecureContextOptions } from 'node:tls';
import { errorText } from '../errors.ts';
import { readSmallFile } from '../run/small-file.ts';
import type { HttpOptions } from './http-options.ts';

/** Certificate, key and authority as their files have them now. */
export interface LoadedContext {
  readonly options: SecureContextOptions;
  /** To tell one from another. */
  readonly text: string;
}

/**
 * Reads what the settings name.
 *
 * @throws with the setting and the path where a file cannot be read.
 */
export async function secureContext({
  certificate,
  privateKey,
  clientCa,
}: HttpOptions): Promise<LoadedContext> {
  const read = async (setting: string, path: string): Promise<string> => {
    try {
      return await readSmallFile(path);
    } catch (error) {
      throw new Error(`http.${setting}: ${path} cannot be read (${errorText(error)})`, { cause: error });
    }
  };
  const cert = await read('certificate', certificate);
  const key = await read('private_key', privateKey);
  const ca = clientCa === '' ? undefined : await read('client_ca', clientCa);
  return { options: { cert, key, ...(ca === undefined ? {} : { ca }) }, text: `${cert}${key}${ca ?? ''}` };
}
