import { wrap } from '../src/config/wrap.ts';

/** What stays as it is: headings, tables, comments, rules, definitions of links, HTML. */
const fixed = /^\s*(#|\||<|---+\s*$|\[[^\]]+\]:)/;
const fence = /^\s*(```|~~~)/;
const item = /^(\s*)([-*]|\d+\.)(\s+)/;

/** Markdown with its paragraphs and list items in lines of at most 100 characters; all else is as it was. */
export function wrapMarkdown(text: string): string {
  const out: string[] = [];
  let paragraph: string[] = [];
  const end = (): void => {
    out.push(...wrapParagraph(paragraph));
    paragraph = [];
  };
  let inFence = false;
  for (const line of text.split('\n')) {
    if (fence.test(line)) {
      end();
      inFence = !inFence;
      out.push(line);
    } else if (inFence || line.trim() === '' || fixed.test(line)) {
      end();
      out.push(line);
    } else {
      if (item.test(line)) end();
      paragraph.push(line);
    }
  }
  end();
  return out.join('\n');
}

function wrapParagraph(lines: readonly string[]): readonly string[] {
  const [first] = lines;
  if (first === undefined) return [];
  const marker = item.exec(first)?.[0] ?? /^\s*/.exec(first)?.[0] ?? '';
  const rest = ' '.repeat(marker.length);
  const text = [first.slice(marker.length), ...lines.slice(1)].map((line) => line.trim()).join(' ');
  return wrap(text, rest).map((line, at) => (at === 0 ? marker + line.slice(marker.length) : line));
}
