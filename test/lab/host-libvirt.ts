import { connect } from 'node:net';

/** Read-only sockets of a system's libvirt, in the order of libvirt's own choice. */
const sockets = ['/var/run/libvirt/virtqemud-sock-ro', '/var/run/libvirt/libvirt-sock-ro'] as const;

/** The host's libvirt: LIBVIRT_DEFAULT_URI, or `qemu:///system` when a daemon listens there. */
export async function findHostLibvirt(): Promise<string | undefined> {
  const configured = process.env['LIBVIRT_DEFAULT_URI'];
  if (configured !== undefined && configured !== '') return configured;
  for (const path of sockets) {
    if (await listens(path)) return 'qemu:///system';
  }
  return undefined;
}

/** Whether somebody listens at a UNIX socket. */
export function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
