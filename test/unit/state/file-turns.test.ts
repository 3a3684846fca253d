import { expect, it } from 'vitest';
import { inFileTurn } from '../../../src/state/file-turns.ts';

/** Things that have begun, and end when told to. */
function tasks() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const start = (directory: string, name: string): Promise<string> =>
    inFileTurn(directory, async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return name;
    });
  return { begun, start, end: (name: string) => ends.get(name)?.() };
}

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('does one thing at a time in a directory, in the order asked', async () => {
  const { begun, start, end } = tasks();
  const both = [start('/one', 'first'), start('/one', 'second')];
  await turnOfLoop();
  expect(begun).toEqual(['first']);
  end('first');
  await turnOfLoop();
  expect(begun).toEqual(['first', 'second']);
  end('second');
  expect(await Promise.all(both)).toEqual(['first', 'second']);
});

it('leaves one of the four threads for all other files, whatever hangs', async () => {
  const { begun, start, end } = tasks();
  const all = ['a', 'b', 'c', 'd'].map((name) => start(`/${name}`, name));
  await turnOfLoop();
  expect(begun).toEqual(['a', 'b', 'c']);
  end('b');
  await turnOfLoop();
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
  for (const name of ['a', 'c', 'd']) end(name);
  await Promise.all(all);
});

it('goes on after what failed', async () => {
  const failed = inFileTurn('/one', () => Promise.reject(new Error('no space')));
  const next = inFileTurn('/one', () => Promise.resolve('done'));
  await expect(failed).rejects.toThrow('no space');
  expect(await next).toBe('done');
});
