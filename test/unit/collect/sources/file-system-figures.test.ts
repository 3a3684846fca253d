import { describe, expect, it } from 'vitest';
import { FileSystemProbe, figuresOf } from '../../../../src/collect/sources/file-system-figures.ts';

describe('FileSystemProbe', () => {
  it('reads a file system of this host', async () => {
    const figures = await new FileSystemProbe().read('/');
    expect(figures?.capacityBytes).toBeGreaterThan(0);
    expect((figures?.allocationBytes ?? 0) + (figures?.availableBytes ?? 0)).toBe(figures?.capacityBytes);
  });

  it.each(['/no/such/path', 'relative', '-f', '/with\0nul'])('cannot tell of %j', async (path) => {
    expect(await new FileSystemProbe().read(path)).toBeUndefined();
  });

  it('does without where there is no such program', async () => {
    expect(await new FileSystemProbe('/no/such/program').read('/')).toBeUndefined();
  });
});

describe('figuresOf', () => {
  it('is capacity, allocation and what is free, in octets', () => {
    expect(figuresOf('4096 100 25\n')).toEqual({
      capacityBytes: 409_600,
      allocationBytes: 307_200,
      availableBytes: 102_400,
    });
  });

  it.each([
    '',
    '4096 100\n',
    '4096 100 25 1\n',
    '4096 0 0\n',
    '4096 1 2\n',
    '9999999999 999999999999999 1\n',
  ])('takes %j for no answer', (answer) => {
    expect(figuresOf(answer)).toBeUndefined();
  });
});
