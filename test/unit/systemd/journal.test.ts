import { closeSync, fstatSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { leadsToJournal, withPriority } from '../../../src/systemd/journal.ts';

test('a descriptor leads to the journal if it is the one that systemd has named', () => {
  const fd = openSync('/dev/null', 'w');
  const { dev, ino } = fstatSync(fd, { bigint: true });
  expect(leadsToJournal(fd, { JOURNAL_STREAM: `${dev}:${ino}` })).toBe(true);
  expect(leadsToJournal(fd, { JOURNAL_STREAM: `${dev}:${ino + 1n}` })).toBe(false);
  expect(leadsToJournal(fd, {})).toBe(false);
  closeSync(fd);
  expect(leadsToJournal(fd, { JOURNAL_STREAM: `${dev}:${ino}` })).toBe(false);
});

test('every line has the priority in front', () => {
  expect(withPriority('one\ntwo\n', 'warn')).toBe('<4>one\n<4>two\n');
  expect(withPriority('{"msg":"a <6>"}\n', 'error')).toBe('<3>{"msg":"a <6>"}\n');
  expect(withPriority('x', 'trace')).toBe('<7>x');
});
