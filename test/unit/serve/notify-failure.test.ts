import { expect, test } from 'vitest';
import { AgentxError, AgentxTimeoutError } from '../../../src/agentx/errors.ts';
import { ConnectionLostError, NotSentError } from '../../../src/errors.ts';
import { errorOf, failureOf } from '../../../src/serve/notify-failure.ts';

test.each([
  new AgentxError('Notify vmRunning', 267),
  new ConnectionLostError('the master closed the connection'),
  new NotSentError('there is no session with the AgentX master'),
])('$name comes out of the other thread as it went in', (error) => {
  const after = errorOf(structuredClone(failureOf(error)));
  expect(after).toBeInstanceOf(error.constructor);
  expect(after).toStrictEqual(error);
});

test('any other error keeps its text, and is no refusal', () => {
  const after = errorOf(failureOf(new AgentxTimeoutError('Notify vmRunning', 1000)));
  expect(after).not.toBeInstanceOf(AgentxError);
  expect(after.message).toBe('the master did not answer Notify vmRunning within 1000 ms');
});
