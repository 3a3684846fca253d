import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { DaemonError, errorText } from '../errors.ts';
import { newToken, userLine } from '../web/credentials.ts';
import { exitCodes } from './exit-codes.ts';

const usage = 'expected --user NAME, with the password on standard input, or --token NAME';

/** Makes a line for http.users_file or http.tokens_file. The secret itself is never an argument: others could see it. */
export async function credential(options: Readonly<Record<string, unknown>>): Promise<number> {
  const { user, token } = options;
  if (typeof user === 'string' && token === undefined) {
    const password = await readPassword(nameOf(user));
    process.stdout.write(`${await userLine(user, password)}\n`);
  } else if (typeof token === 'string' && user === undefined) {
    const made = newToken(nameOf(token));
    // The line is of no use without the token.
    process.stderr.write(`${made.token}\n`);
    process.stdout.write(`${made.line}\n`);
  } else {
    throw new DaemonError('USAGE', usage);
  }
  return exitCodes.ok;
}

function nameOf(name: string): string {
  if (/^[^\s:#]{1,255}$/.test(name)) return name;
  throw new DaemonError('USAGE', `${JSON.stringify(name)} is no name: it must have no spaces, colons or #`);
}

/** No password is longer, in characters. */
const maxPasswordChars = 1024;

/** The first line of standard input; on a terminal it is asked for and not shown. */
async function readPassword(name: string): Promise<string> {
  const isTerminal = process.stdin.isTTY;
  const line = isTerminal ? await askOnTerminal(name) : await firstLine();
  if (line === '') throw new DaemonError('USAGE', 'the password is empty');
  if (line.length > maxPasswordChars) {
    throw new DaemonError('USAGE', `the password is longer than ${maxPasswordChars} characters`);
  }
  return line;
}

async function askOnTerminal(name: string): Promise<string> {
  process.stderr.write(`Password of ${name}: `);
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: hidden, terminal: true });
  try {
    for await (const line of lines) {
      process.stderr.write('\n');
      return line;
    }
    return '';
  } finally {
    lines.close();
  }
}

/** Of whatever standard input is: no more than a password is read of something that does not end. */
async function firstLine(): Promise<string> {
  let text = '';
  try {
    for await (const chunk of process.stdin.setEncoding('utf8')) {
      text += String(chunk);
      if (text.includes('\n') || text.length > 2 * maxPasswordChars) break;
    }
  } catch (error) {
    throw new DaemonError('USAGE', `the password cannot be read from standard input: ${errorText(error)}`, {
      cause: error,
    });
  }
  const [line = ''] = text.split('\n', 1);
  return line.replace(/\r$/, '');
}
