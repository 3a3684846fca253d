import type { MiddlewareHandler } from 'hono';
import { errorText } from '../errors.ts';
import type { Logger } from '../log.ts';
import { CredentialChecker, parseTokens, parseUsers, type Tokens, type Users } from './credentials.ts';
import type { HttpOptions } from './http-options.ts';
import { problem } from './problem.ts';
import { WatchedFile } from './watched-file.ts';

/** Files of secrets are looked at again after so many milliseconds at the soonest. */
const lookAgainMs = 2000;

/** Failures of one address are logged once in so many milliseconds. */
const logAgainMs = 60_000;
const maxAddresses = 1000;

/** Paths that probes of an orchestrator ask without secrets; they tell no more than whether the data is fresh. */
export const openPaths: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** Who may ask: users with passwords, bearers of tokens. Without either file, whoever reaches the server. */
export class Authentication {
  readonly #users: WatchedFile<Users> | undefined;
  readonly #tokens: WatchedFile<Tokens> | undefined;
  readonly #logger: Logger;
  readonly #checker = new CredentialChecker();
  readonly #failures = new Map<string, number>();
  readonly #challenge: string;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor({ usersFile, tokensFile }: HttpOptions, logger: Logger) {
    this.#users = usersFile === '' ? undefined : new WatchedFile(usersFile, parseUsers);
    this.#tokens = tokensFile === '' ? undefined : new WatchedFile(tokensFile, parseTokens);
    this.#challenge = usersFile === '' ? 'Bearer' : 'Basic realm="libvirt-agentx", charset="UTF-8"';
    this.#logger = logger;
  }

  /**
   * Reads the files.
   *
   * @throws if one cannot be used.
   */
  async load(): Promise<void> {
    for (const file of [this.#users, this.#tokens]) {
      try {
        await file?.refresh();
      } catch (error) {
        throw new Error(`${file?.path}: ${errorText(error)}`, { cause: error });
      }
    }
  }

  /** Turns away who has no right to ask. */
  middleware(peerOf: (env: unknown) => string): MiddlewareHandler {
    return async (context, next) => {
      if ((this.#users === undefined && this.#tokens === undefined) || openPaths.has(context.req.path)) {
        return next();
      }
      await this.#lookAgain();
      const header = context.req.header('authorization');
      const verdict = await this.#verdict(header);
      if (verdict === true) return next();
      if (verdict === undefined) {
        context.header('retry-after', '1');
        return problem(context, {
          status: 429,
          title: 'too many passwords are being checked',
          detail: 'Ask again in a second.',
        });
      }
      if (header !== undefined) this.#logFailure(peerOf(context.env));
      context.header('www-authenticate', this.#challenge);
      return problem(context, {
        status: 401,
        title: 'not authenticated',
        detail: 'Send the name and password of a user of http.users_file, or a token of http.tokens_file.',
      });
    };
  }

  async #verdict(header: string | undefined): Promise<boolean | undefined> {
    const [, scheme = '', value = ''] = /^(\w{1,16}) +(\S{1,4096})$/.exec(header ?? '') ?? [];
    if (scheme.toLowerCase() === 'bearer') {
      const tokens = this.#tokens?.content;
      return tokens !== undefined && this.#checker.isToken(tokens, value);
    }
    if (scheme.toLowerCase() !== 'basic') return false;
    const users = this.#users?.content;
    const text = Buffer.from(value, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (users === undefined || colon < 0) return false;
    return this.#checker.isUser(users, text.slice(0, colon), text.slice(colon + 1));
  }

  async #lookAgain(): Promise<void> {
    const now = performance.now();
    if (now - this.#lookedAt < lookAgainMs) return;
    this.#lookedAt = now;
    for (const file of [this.#users, this.#tokens]) {
      try {
        if ((await file?.refresh()) === true) this.#logger.info({ file: file?.path }, 'secrets read again');
      } catch (error) {
        this.#logger.warn(
          { file: file?.path, error: errorText(error) },
          'secrets cannot be read again; the last ones stay in force',
        );
      }
    }
  }

  #logFailure(peer: string): void {
    const now = performance.now();
    const last = this.#failures.get(peer);
    if (last !== undefined && now - last < logAgainMs) return;
    if (this.#failures.size >= maxAddresses) this.#failures.clear();
    this.#failures.set(peer, now);
    this.#logger.warn({ peer }, 'a request with a wrong password or token was turned away');
  }
}
