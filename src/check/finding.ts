/** How grave a finding of `check` is: a `fail` keeps something from working. */
export type FindingLevel = 'ok' | 'warn' | 'fail';

/** One line of `check`: what was looked at, what was found and what to do about it. */
export interface Finding {
  readonly level: FindingLevel;
  /** What was looked at: `configuration`, `libvirt`, `agentx`. */
  readonly subject: string;
  readonly text: string;
  /** A sentence for the operator; absent where nothing needs doing. */
  readonly remedy?: string;
}

/** A finding as one line, whatever the texts of peers hold. */
export function findingLine({ level, subject, text, remedy }: Finding): string {
  const advice = remedy === undefined ? '' : `. To do: ${remedy}`;
  return `${level.padEnd(5)}${subject}: ${text}${advice}`.replace(/\s+/g, (space) =>
    space.includes('\n') ? ' ' : space,
  );
}
