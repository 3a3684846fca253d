import { spawn } from 'node:child_process';

/** Sends assignments such as `READY=1` to the service manager; rejects if they cannot be sent. */
export type SendToManager = (assignments: readonly string[]) => Promise<void>;

/** It waits five seconds itself for systemd to have read what it sent. */
const patienceMs = 10_000;

/**
 * By the command systemd-notify, which is wherever systemd is: Node.js has no datagram sockets of the Unix kind. systemd
 * takes it for the service only with `NotifyAccess=all`, since it is a process of its own.
 */
export function sendBySystemdNotify(socket: string): SendToManager {
  return (assignments) =>
    new Promise((resolve, reject) => {
      const child = spawn('systemd-notify', [...assignments], {
        env: { PATH: process.env['PATH'], NOTIFY_SOCKET: socket },
        stdio: ['ignore', 'ignore', 'inherit'],
        timeout: patienceMs,
        // A process that stands still takes no other, and everything else would wait behind it.
        killSignal: 'SIGKILL',
      });
      // The end of the program does not wait for it.
      child.unref();
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`systemd-notify ended with ${signal ?? code}`));
      });
    });
}
