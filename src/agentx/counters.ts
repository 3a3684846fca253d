/** What the subagent has done since it was made. */
export interface AgentxCounters {
  /** Get, GetNext and GetBulk PDUs. */
  readRequests: number;
  /** TestSet PDUs. */
  setRequests: number;
  /** Requests that were answered with an error, by far most of them refused SETs. */
  errorResponses: number;
  /** Answers that were longer than the master takes (tooBig). */
  tooBigResponses: number;
  /** Requests whose content made no sense (parseError). */
  parseErrors: number;
  /** Values that could not be read or sent because of a fault in the program. */
  readErrors: number;
  /** Sessions that the master opened. */
  sessions: number;
  /** Notifications that the master took. */
  notificationsSent: number;
  /** Notifications that the master refused. */
  notificationsFailed: number;
}

export function newCounters(): AgentxCounters {
  return {
    readRequests: 0,
    setRequests: 0,
    errorResponses: 0,
    tooBigResponses: 0,
    parseErrors: 0,
    readErrors: 0,
    sessions: 0,
    notificationsSent: 0,
    notificationsFailed: 0,
  };
}
