import { expect, it } from 'vitest';
import { wrapMarkdown } from '../../../tools/wrap-markdown.ts';

const words = (count: number): string => Array.from({ length: count }, () => 'four').join(' ');

it('fills the lines of a paragraph up to 100 characters', () => {
  expect(wrapMarkdown(`short\nlines\n\n${words(30)}\n`)).toBe(`short lines\n\n${words(20)}\n${words(10)}\n`);
});

it('indents list items, and keeps each on lines of its own', () => {
  const given = `- first\n- ${words(25)}\n  more\n  1. inner\n`;
  expect(wrapMarkdown(given)).toBe(`- first\n- ${words(19)}\n  ${words(6)} more\n  1. inner\n`);
});

it('leaves code, tables, headings and comments as they are', () => {
  const given = [
    `# ${words(30)}`,
    `| ${words(30)} |`,
    '```',
    words(30),
    '',
    'a',
    'b',
    '```',
    `<!-- ${words(30)} -->`,
  ].join('\n');
  expect(wrapMarkdown(given)).toBe(given);
});

it('breaks no code in a line', () => {
  const code = '`a b c d e f g h i j k l m n o p q r s t u v w x y z`';
  expect(wrapMarkdown(`${words(14)} ${code}`)).toBe(`${words(14)}\n${code}`);
});
