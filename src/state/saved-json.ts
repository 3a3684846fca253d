/** What is saved is not nested deeper; parsing a file of nothing but brackets takes ten times as long as any other. */
const maxDepth = 32;
/** Lists and objects together; 100 000 domains have a million. Each takes memory, however short it is in the file. */
const maxParts = 2_000_000;

/**
 * The value of a JSON text that was read from disk.
 *
 * @throws SyntaxError if it is none, or larger than anything that is saved.
 */
export function parseSaved(text: string): unknown {
  if (isExcessive(text))
    throw new SyntaxError(`deeper than ${maxDepth} levels, or of more than ${maxParts} parts`);
  return JSON.parse(text);
}

/** The lines of a text, one after the other: of a large file of line ends there would not be memory for all at once. */
export function* linesOf(text: string): Generator<string> {
  let from = 0;
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
    yield text.slice(from, end);
    from = end + 1;
  }
  yield text.slice(from);
}

const code = (character: string): number => character.charCodeAt(0);
const [quote, backslash] = [code('"'), code('\\')];
const [openList, closeList, openRecord, closeRecord] = [code('['), code(']'), code('{'), code('}')];

function isExcessive(text: string): boolean {
  let depth = 0;
  let parts = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const next = text.charCodeAt(at);
    if (isInString) {
      if (next === backslash) at += 1;
      else if (next === quote) isInString = false;
    } else if (next === quote) isInString = true;
    else if (next === openList || next === openRecord) {
      depth += 1;
      parts += 1;
      if (depth > maxDepth || parts > maxParts) return true;
    } else if (next === closeList || next === closeRecord) depth -= 1;
  }
  return false;
}
