import {
  type Advice,
  AuthenticationFailedError,
  advise,
  ConnectionFailedError,
  CredentialsRefusedError,
  errorText,
  ProtocolError,
} from '../../errors.ts';
import { LibvirtError } from '../libvirt-error.ts';
import { authSaslInit, authSaslStart, authSaslStep } from '../procedures.ts';
import type { Procedure } from '../protocol.ts';
import type { ConnectTarget } from '../uri.ts';
import { type FoundCredentials, findCredentials, type SaslSettings } from './credentials.ts';
import type { Exchange, Mechanism } from './mechanism.ts';
import { mechanismNames } from './mechanism-names.ts';
import { mechanisms } from './mechanisms.ts';
import { saslProblems } from './problems.ts';
import type { SecurityLayer } from './security-layer.ts';

/** Messages of the server in one authentication: the longest here has two. */
const MAX_STEPS = 8;

/** Makes one call; a connection before it is open. */
type Call = <Args, Reply>(procedure: Procedure<Args, Reply>, args: Args) => Promise<Reply>;

/**
 * Authenticates with SASL: AUTH_SASL_INIT, AUTH_SASL_START, and AUTH_SASL_STEP until both sides are content. One
 * attempt only, with the best mechanism that both sides have: more could lock the account. Returns the layer
 * that protects everything after it, if there is one.
 *
 * @throws AuthenticationFailedError with a remedy, which never has the password.
 */
export async function authenticateWithSasl(
  call: Call,
  target: SaslTarget,
  settings: SaslSettings,
): Promise<SecurityLayer | undefined> {
  const { login, confidential, peer } = target;
  const mechanism = chooseMechanism(await offeredMechanisms(call, target), target, settings);
  const credentials = await findCredentials(settings, login, peer);
  const exchange = mechanism.begin(credentials, { host: login.host, confidential });
  try {
    await perform(call, mechanism, exchange);
    return exchange.finish();
  } catch (error) {
    throw failure(error, mechanism, credentials, target);
  }
}

/** What is logged in to. */
export interface SaslTarget extends ConnectTarget {
  /** What was connected to, for messages. */
  readonly peer: string;
}

async function perform(call: Call, { name }: Mechanism, exchange: Exchange): Promise<void> {
  let reply = await call(authSaslStart, { mechanism: name, data: exchange.first() });
  for (let step = 0; step < MAX_STEPS; step++) {
    if (reply.complete && reply.data === undefined) return;
    const data = await exchange.answer(reply.data ?? new Uint8Array(0));
    if (reply.complete) return;
    reply = await call(authSaslStep, { data });
  }
  throw new ProtocolError(`the daemon is not content after ${MAX_STEPS} messages`);
}

async function offeredMechanisms(call: Call, target: SaslTarget): Promise<readonly string[]> {
  try {
    const list = await call(authSaslInit, undefined);
    return list.split(',').filter((name) => name !== '');
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error;
    throw new AuthenticationFailedError(
      `${target.peer} wants authentication with SASL and cannot begin it: ${error.message}`,
      noMechanism(target),
      { cause: error },
    );
  }
}

/**
 * The strongest of those that the daemon offers, that the operator allows and that fit the transport. Over plain TCP a
 * daemon offers none without a layer: who does is somebody else, who would have what follows in the clear.
 */
function chooseMechanism(offered: readonly string[], target: SaslTarget, settings: SaslSettings): Mechanism {
  const allowed = mechanismNames
    .filter((name) => settings.mechanisms.includes(name))
    .filter((name) => target.login.mechanism === undefined || name === target.login.mechanism);
  const both = allowed.filter((name) => offered.includes(name));
  const [best] = both.filter(
    (name) =>
      (target.confidential || !mechanisms[name].tellsPassword) &&
      (target.transport.kind !== 'tcp' || mechanisms[name].hasLayer),
  );
  if (best !== undefined) return mechanisms[best];
  const list = offered.length === 0 ? 'none' : offered.map((name) => name.slice(0, 40)).join(', ');
  const [unfit] = both;
  if (unfit !== undefined) {
    throw mechanisms[unfit].tellsPassword
      ? new AuthenticationFailedError(
          `${target.peer} offers ${unfit}, which would tell the password to whoever listens or pretends to be the host`,
          advise(saslProblems, 'sasl-password-in-the-clear'),
        )
      : new AuthenticationFailedError(
          `${target.peer} offers ${unfit}, which does not encrypt what follows`,
          noMechanism(target),
        );
  }
  throw new AuthenticationFailedError(
    `${target.peer} offers these mechanisms of SASL: ${list}; none of them is ${allowed.join(', ') || 'allowed'}`,
    noMechanism(target),
  );
}

function noMechanism({ transport }: ConnectTarget): Advice {
  return advise(saslProblems, transport.kind === 'tcp' ? 'sasl-no-encryption' : 'sasl-no-mechanism');
}

function failure(
  error: unknown,
  { name }: Mechanism,
  { user, passwordFrom }: FoundCredentials,
  target: SaslTarget,
): unknown {
  const why = errorText(error).replace(/^authentication failed: (?=.)/, '');
  const what = `${target.peer}: authentication of ${JSON.stringify(user)} with ${name} failed: ${why}`;
  if (error instanceof LibvirtError) {
    return new CredentialsRefusedError(what, advise(saslProblems, 'sasl-refused', { from: passwordFrom }), {
      cause: error,
    });
  }
  if (error instanceof ProtocolError) return new AuthenticationFailedError(what, undefined, { cause: error });
  if (error instanceof ConnectionFailedError) {
    return new AuthenticationFailedError(what, error.advice, { cause: error });
  }
  return error;
}
