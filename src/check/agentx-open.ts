import type { AgentxAddress } from '../agentx/address.ts';
import { decodePdu, encodePdu } from '../agentx/codec.ts';
import { AgentxConnection } from '../agentx/connection.ts';
import { AgentxError, AgentxTimeoutError, ResponseError } from '../agentx/errors.ts';
import { CloseReason, type ResponsePdu } from '../agentx/pdu.ts';
import { ConnectionLostError } from '../errors.ts';

/** How long the master may take to answer. */
const answerTimeoutMs = 3000;

const packetId = 1;

/**
 * Opens a session with the master and closes it again (RFC 2741 sections 6.2.1 and 6.2.2), without
 * registering anything. Returns the master's uptime in hundredths of a second.
 *
 * @throws ConnectionFailedError with a remedy, AgentxError if the master refuses, AgentxTimeoutError,
 *   ProtocolError if the peer speaks something else, ConnectionLostError.
 */
export async function tryAgentxOpen(address: AgentxAddress, description: string): Promise<number> {
  const answer = makeAnswer();
  const connection = await AgentxConnection.connect({
    address,
    timeoutMs: answerTimeoutMs,
    signal: new AbortController().signal,
    onPdu: (frame) => {
      const pdu = decodePdu(frame);
      if (pdu.kind === 'response') answer.resolve(pdu);
    },
    onClose: (error) => answer.reject(error ?? new ConnectionLostError('the master closed the connection')),
  });
  const timer = setTimeout(
    () => answer.reject(new AgentxTimeoutError('Open', answerTimeoutMs)),
    answerTimeoutMs,
  );
  try {
    const ids = { sessionId: 0, transactionId: 0, packetId };
    connection.send((writer) =>
      encodePdu(writer, { kind: 'open', ...ids, timeoutSec: 0, id: [], description }),
    );
    const { sessionId, error, sysUpTime } = await answer.promise;
    if (error !== ResponseError.noError) throw new AgentxError('Open', error);
    connection.send((writer) =>
      encodePdu(writer, { kind: 'close', ...ids, sessionId, reason: CloseReason.shutdown }),
    );
    return sysUpTime;
  } finally {
    clearTimeout(timer);
    await connection.end();
  }
}

interface Answer {
  readonly promise: Promise<ResponsePdu>;
  readonly resolve: (pdu: ResponsePdu) => void;
  readonly reject: (error: Error) => void;
}

function makeAnswer(): Answer {
  let resolve: Answer['resolve'] = () => undefined;
  let reject: Answer['reject'] = () => undefined;
  const promise = new Promise<ResponsePdu>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // The connection also ends after the answer was taken.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
