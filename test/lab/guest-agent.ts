import type { Libvirtd } from './libvirtd.ts';
import { waitUntil } from './wait.ts';

export interface GuestCommandResult {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Waits until the guest's agent answers. */
export async function waitForGuestAgent(libvirtd: Libvirtd, name: string, timeoutMs = 90_000): Promise<void> {
  await waitUntil(() => libvirtd.virsh('qemu-agent-command', name, '{"execute":"guest-ping"}'), {
    what: `the guest agent of ${name}`,
    timeoutMs,
    intervalMs: 200,
  });
}

/** Runs a shell command in the guest through its agent and waits for its end. */
export async function guestExec(
  libvirtd: Libvirtd,
  name: string,
  command: string,
): Promise<GuestCommandResult> {
  const { pid } = await call(libvirtd, name, 'guest-exec', {
    path: '/bin/sh',
    arg: ['-c', command],
    'capture-output': true,
  });
  const status = await waitUntil(
    async () => {
      const answer = await call(libvirtd, name, 'guest-exec-status', { pid });
      return answer['exited'] === true ? answer : undefined;
    },
    { what: `${command} in ${name}`, intervalMs: 100 },
  );
  const exitCode = status['exitcode'];
  return {
    exitCode: typeof exitCode === 'number' ? exitCode : undefined,
    stdout: decode(status['out-data']),
    stderr: decode(status['err-data']),
  };
}

/** Starts a shell command in the guest and does not wait for it (it may well end the guest). */
export async function guestSpawn(libvirtd: Libvirtd, name: string, command: string): Promise<void> {
  await call(libvirtd, name, 'guest-exec', { path: '/bin/sh', arg: ['-c', command] });
}

async function call(
  libvirtd: Libvirtd,
  name: string,
  execute: string,
  args: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const command = JSON.stringify({ execute, arguments: args });
  const answer: unknown = JSON.parse(await libvirtd.virsh('qemu-agent-command', name, command));
  if (typeof answer !== 'object' || answer === null || !('return' in answer)) {
    throw new Error(`${execute} answered ${JSON.stringify(answer)}`);
  }
  return answer.return as Readonly<Record<string, unknown>>;
}

function decode(base64: unknown): string {
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64').toString('utf8') : '';
}
