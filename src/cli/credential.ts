import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { DaemonError } from '../errors.ts';
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
    process.stdout.write(`${made.line}\n`);
    process.stderr.write(`${made.token}\n`);
  } else {
    throw new DaemonError('USAGE', usage);
  }
  return exitCodes.ok;
}

function nameOf(name: string): string {
  if (/^[^\s:#]{1,255}$/.test(name)) return name;
  throw new DaemonError('USAGE', `${JSON.stringify(name)} is no name: it must have no spaces, colons or #`);
}

/** The first line of standard input; on a terminal it is asked for and not shown. */
async function readPassword(name: string): Promise<string> {
  const isTerminal = process.stdin.isTTY;
  if (isTerminal) process.stderr.write(`Password of ${name}: `);
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: hidden, terminal: isTerminal });
  try {
    for await (const line of lines) {
      if (isTerminal) process.stderr.write('\n');
      if (line !== '') return line;
      break;
    }
  } finally {
    lines.close();
  }
  throw new DaemonError('USAGE', 'the password is empty');
}
