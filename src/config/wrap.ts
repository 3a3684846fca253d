/**
 * A paragraph in lines of at most 100 characters, each after the prefix. A word that is longer stands alone; what is in
 * backticks is one word.
 */
export function wrap(text: string, prefix = ''): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.match(/(?:`[^`]*`|[^\s`])+/g) ?? []) {
    if (line !== '' && prefix.length + line.length + 1 + word.length > 100) {
      lines.push(prefix + line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return line === '' ? lines : [...lines, prefix + line];
}
