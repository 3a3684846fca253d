import type { Context } from 'hono';

type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 406 | 413 | 421 | 429 | 500 | 503;

/** What went wrong and what to do about it (RFC 9457). */
export interface Problem {
  readonly status: ErrorStatus;
  readonly title: string;
  readonly detail: string;
}

/** The answer that tells a problem. */
export function problem(context: Context, { status, title, detail }: Problem): Response {
  return context.body(`${JSON.stringify({ title, status, detail })}\n`, status, {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  });
}
