import { AuthenticationFailedError, advise, errorText } from '../errors.ts';
import { connectFlags } from '../libvirt-enums/flags.ts';
import { authTypes } from '../libvirt-enums/infrastructure.ts';
import { isAccessDenied, LibvirtError } from './libvirt-error.ts';
import { libvirtProblems } from './problems.ts';
import { authList, authPolkit, connectOpen, connectRegisterCloseCallback } from './procedures.ts';
import type { Procedure } from './protocol.ts';
import { authenticateWithSasl } from './sasl/authenticate.ts';
import type { SaslSettings } from './sasl/credentials.ts';
import type { SecurityLayer } from './sasl/security-layer.ts';
import type { ConnectTarget } from './uri.ts';

/** Makes one call; a connection before it is open. */
type Call = <Args, Reply>(procedure: Procedure<Args, Reply>, args: Args) => Promise<Reply>;

/** What is to be opened, and how. */
export interface OpenDriverOptions {
  readonly target: ConnectTarget;
  readonly readOnly: boolean;
  readonly sasl: SaslSettings;
  /** What was connected to, for messages. */
  readonly peer: string;
  /** Puts a layer around everything that follows. */
  readonly protect: (layer: SecurityLayer) => void;
}

/**
 * Authenticates and opens: AUTH_LIST, where asked for AUTH_POLKIT or SASL, CONNECT_OPEN.
 *
 * @throws AuthenticationFailedError if the daemon does not let us in; LibvirtError if it refuses.
 */
export async function openDriver(call: Call, options: OpenDriverOptions): Promise<void> {
  const { target, readOnly } = options;
  await authenticate(call, options);
  await call(connectOpen, { uri: target.uriToSend, flags: readOnly ? connectFlags.readOnly : 0 });
  try {
    await call(connectRegisterCloseCallback, undefined);
  } catch (error) {
    // Only a daemon that forwards to others has something to tell; the others may refuse.
    if (!(error instanceof LibvirtError)) {
      throw error;
    }
  }
}

async function authenticate(call: Call, options: OpenDriverOptions): Promise<void> {
  const { target, sasl, peer, protect } = options;
  const types = await call(authList, undefined);
  refuseOtherThanDemanded(types, options);
  if (types.length === 0 || types.includes(authTypes.none)) return;
  if (types.includes(authTypes.polkit)) return await authenticateWithPolkit(call);
  if (!types.includes(authTypes.sasl)) {
    throw new AuthenticationFailedError(
      `${peer} wants an authentication that is not known here (${types.join(', ')})`,
    );
  }
  const layer = await authenticateWithSasl(call, { ...target, peer }, sasl);
  if (layer !== undefined) protect(layer);
}

/** Who demands an authentication does not talk to a daemon that wants another one, or none: it may be somebody else. */
function refuseOtherThanDemanded(
  types: readonly number[],
  { target, peer, readOnly }: OpenDriverOptions,
): void {
  const { demanded } = target.login;
  if (demanded === undefined || types.includes(demanded === 'sasl' ? authTypes.sasl : authTypes.polkit))
    return;
  const wants =
    types.length === 0 || types.includes(authTypes.none)
      ? 'asks for no authentication'
      : `asks for another authentication (${types.join(', ')})`;
  throw new AuthenticationFailedError(
    `${peer} ${wants}, and auth= in the URI demands ${demanded}`,
    advise(libvirtProblems, 'libvirt-auth-not-offered', {
      demanded,
      setting: authSetting(target, readOnly),
    }),
  );
}

/** Which setting of the daemon says what it asks for. */
function authSetting({ transport }: ConnectTarget, readOnly: boolean): string {
  if (transport.kind === 'tcp' || transport.kind === 'tls') return `auth_${transport.kind}`;
  const isReadOnlySocket =
    transport.kind === 'unix' ? transport.sockets.every((path) => path.endsWith('-ro')) : readOnly;
  return isReadOnlySocket ? 'auth_unix_ro' : 'auth_unix_rw';
}

async function authenticateWithPolkit(call: Call): Promise<void> {
  try {
    await call(authPolkit, undefined);
  } catch (error) {
    if (error instanceof LibvirtError && !isAccessDenied(error)) {
      throw new AuthenticationFailedError(
        `authentication with polkit failed: ${errorText(error)}`,
        advise(libvirtProblems, 'libvirt-polkit'),
        { cause: error },
      );
    }
    throw error;
  }
}
