import { AuthenticationFailedError, errorText } from '../errors.ts';
import { isAccessDenied, LibvirtError } from './libvirt-error.ts';
import { authList, authPolkit, connectOpen, connectRegisterCloseCallback } from './procedures.ts';
import type { Procedure } from './protocol.ts';
import type { ConnectTarget } from './uri.ts';

const AUTH_NONE = 0;
const AUTH_POLKIT = 2;

/** VIR_CONNECT_RO */
const READ_ONLY = 1;

/** Makes one call; a connection before it is open. */
type Call = <Args, Reply>(procedure: Procedure<Args, Reply>, args: Args) => Promise<Reply>;

/**
 * Authenticates and opens: AUTH_LIST, where asked for AUTH_POLKIT, CONNECT_OPEN.
 *
 * @throws AuthenticationFailedError if the daemon wants an authentication we do not have; LibvirtError if it
 *   refuses.
 */
export async function openDriver(call: Call, target: ConnectTarget, readOnly: boolean): Promise<void> {
  const types = await call(authList, undefined);
  if (types.length > 0 && !types.includes(AUTH_NONE)) {
    if (!types.includes(AUTH_POLKIT)) {
      throw new AuthenticationFailedError(
        'the daemon asks for SASL authentication, which this program does not have',
        'Use qemu+ssh:// or qemu+tls://, or set auth_unix_ro, auth_tcp or auth_tls to "none" where only trusted users reach the socket.',
      );
    }
    await authenticateWithPolkit(call);
  }
  await call(connectOpen, { uri: target.uriToSend, flags: readOnly ? READ_ONLY : 0 });
  try {
    await call(connectRegisterCloseCallback, undefined);
  } catch (error) {
    // Only a daemon that forwards to others has something to tell; the others may refuse.
    if (!(error instanceof LibvirtError)) {
      throw error;
    }
  }
}

async function authenticateWithPolkit(call: Call): Promise<void> {
  try {
    await call(authPolkit, undefined);
  } catch (error) {
    if (error instanceof LibvirtError && !isAccessDenied(error)) {
      throw new AuthenticationFailedError(
        `authentication with polkit failed: ${errorText(error)}`,
        'Run as root, which needs no polkit, or make sure that dbus and polkit run on the host.',
        { cause: error },
      );
    }
    throw error;
  }
}
