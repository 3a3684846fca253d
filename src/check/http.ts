import { X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { createServer, type Server } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Config } from '../config/config.ts';
import { errorText } from '../errors.ts';
import { readSmallFile } from '../run/small-file.ts';
import { parseTokens, parseUsers } from '../web/credentials.ts';
import { formatHttpAddress, type HttpAddress } from '../web/http-address.ts';
import type { HttpOptions } from '../web/http-options.ts';
import { type Finding, foundProblem, inOrder } from './finding.ts';
import { secretModeFinding } from './secret-mode.ts';

const subject = 'http';
const timeoutMs = 3000;

/** Whether HTTP can be served as configured, or is served already. */
export async function checkHttp({ http }: Config): Promise<readonly Finding[]> {
  const { address } = http;
  if (address === undefined) {
    return [inOrder(subject, 'off: http.address is not set')];
  }
  const files = await Promise.all([
    certificateFinding(http),
    secretModeFinding(subject, http.privateKey),
    usersFinding(http),
    tokensFinding(http),
  ]);
  return [await addressFinding(address, http), ...files.flatMap((finding) => finding ?? [])];
}

async function addressFinding(address: HttpAddress, http: HttpOptions): Promise<Finding> {
  const where = formatHttpAddress(address);
  const problem = await listenProblem(address);
  if (problem === undefined) return inOrder(subject, `${where} is free for the agent`);
  if (problem.code !== 'EADDRINUSE') {
    return foundProblem(subject, `${where} cannot be used: ${problem.message}`, 'http-address-unusable');
  }
  const status = await askHealth(address, http);
  if (status === 200) return inOrder(subject, `${where} is served by a running agent`);
  return foundProblem(subject, `${where} is taken by another program`, 'http-address-taken');
}

/** Why nothing can listen there; nothing is left behind. */
async function listenProblem(address: HttpAddress): Promise<NodeJS.ErrnoException | undefined> {
  if (address.kind === 'unix') {
    // Binding would replace the socket of an agent that runs.
    const known = await stat(address.path).catch((error: NodeJS.ErrnoException) => error);
    if (known instanceof Error) return known.code === 'ENOENT' ? undefined : known;
    return Object.assign(new Error('it exists'), { code: 'EADDRINUSE' });
  }
  const server: Server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address.host, port: address.port, exclusive: true }, resolve);
    });
    return undefined;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  } finally {
    server.close();
  }
}

function askHealth(address: HttpAddress, { certificate, hosts }: HttpOptions): Promise<number | undefined> {
  const [host = 'localhost'] = hosts;
  const options = {
    ...(address.kind === 'unix' ? { socketPath: address.path } : { host: address.host, port: address.port }),
    path: '/healthz',
    timeout: timeoutMs,
    headers: address.kind === 'unix' ? { host } : {},
  };
  return new Promise((resolve) => {
    const onAnswer = (answer: { statusCode?: number | undefined; resume(): void }): void => {
      answer.resume();
      resolve(answer.statusCode);
    };
    const asked =
      certificate === ''
        ? request(options, onAnswer)
        : // Whether it is this program is asked, not whether it is trusted.
          secureRequest({ ...options, rejectUnauthorized: false }, onAnswer);
    asked.on('error', () => resolve(undefined));
    asked.on('timeout', () => asked.destroy());
    asked.end();
  });
}

async function certificateFinding(http: HttpOptions): Promise<Finding | undefined> {
  const { certificate, privateKey, clientCa } = http;
  if (certificate === '') return undefined;
  try {
    const [cert, key, ca] = await Promise.all(
      [certificate, privateKey, clientCa].map(async (path) =>
        path === '' ? undefined : readSmallFile(path),
      ),
    );
    createSecureContext({ cert, key, ...(ca === undefined ? {} : { ca }) });
    const { validFrom, validTo } = new X509Certificate(cert ?? '');
    if (Date.parse(validTo) < Date.now() || Date.parse(validFrom) > Date.now()) {
      const text = `certificate ${certificate} is valid from ${validFrom} to ${validTo} only`;
      return foundProblem(subject, text, 'http-certificate-expired');
    }
    return inOrder(subject, `certificate ${certificate} and its key can be used, to ${validTo}`);
  } catch (error) {
    return foundProblem(subject, `the certificate cannot be used: ${errorText(error)}`, 'http-certificate');
  }
}

function usersFinding({ usersFile }: HttpOptions): Promise<Finding | undefined> {
  return secretsFinding('http.users_file', usersFile, (text) => parseUsers(text).size, '--user');
}

function tokensFinding({ tokensFile }: HttpOptions): Promise<Finding | undefined> {
  return secretsFinding('http.tokens_file', tokensFile, (text) => parseTokens(text).length, '--token');
}

async function secretsFinding(
  setting: string,
  path: string,
  count: (text: string) => number,
  option: string,
): Promise<Finding | undefined> {
  if (path === '') return undefined;
  try {
    const known = count(await readSmallFile(path));
    const mode = await secretModeFinding(subject, path);
    if (mode !== undefined) return mode;
    const text = `${setting} ${path}`;
    return known === 0
      ? foundProblem(subject, `${text} has no line: nobody is let in by it`, 'http-secrets-empty', { option })
      : inOrder(subject, `${text} has ${known} ${known === 1 ? 'line' : 'lines'}`);
  } catch (error) {
    return foundProblem(
      subject,
      `${setting} ${path} cannot be used: ${errorText(error)}`,
      'http-secrets-unusable',
    );
  }
}
