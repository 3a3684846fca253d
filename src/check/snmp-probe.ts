import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';

/**
 * - answers: an SNMP agent that has SNMPv3 is there
 * - refused: the host is there and nothing listens on the port (ICMP port unreachable)
 * - silent: neither
 */
export type ProbeResult = 'answers' | 'refused' | 'silent';

const attempts = 2;
const attemptMs = 1500;

/**
 * Sends the first message of any SNMPv3 manager, with which it asks for the engine ID (RFC 3414 section 4). An agent
 * answers it to everybody with a Report, while it says nothing to a community that it does not know.
 */
export function probeSnmp(address: string, port: number): Promise<ProbeResult> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const done = (result: ProbeResult): void => {
      clearTimeout(timer);
      socket.close();
      resolve(result);
    };
    // Anything else but a refusal (no route, no permission) leaves the host unheard.
    socket.on('error', (error: NodeJS.ErrnoException) =>
      done(error.code === 'ECONNREFUSED' ? 'refused' : 'silent'),
    );
    socket.on('message', () => done('answers'));
    const send = (left: number): void => {
      if (left === 0) {
        done('silent');
        return;
      }
      socket.send(discovery());
      timer = setTimeout(() => send(left - 1), attemptMs);
    };
    // Only a connected socket is told that the port is closed. A callback would be called where connecting fails, too.
    socket.once('connect', () => send(attempts));
    socket.connect(port, address);
  });
}

/** SNMPv3Message (RFC 3412 section 6) with an empty user and engine ID, reportable, and a GetRequest for nothing. */
function discovery(): Buffer {
  const id = randomInt(1, 2 ** 31)
    .toString(16)
    .padStart(8, '0');
  const header = `3011 0204${id} 020300ffe3 040104 020103`;
  const security = '0410 300e 0400 020100 020100 0400 0400 0400';
  const scopedPdu = `3014 0400 0400 a00e 0204${id} 020100 020100 3000`;
  return Buffer.from(`303e 020103 ${header} ${security} ${scopedPdu}`.replaceAll(' ', ''), 'hex');
}
