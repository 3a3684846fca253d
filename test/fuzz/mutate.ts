import type { Random } from './random.ts';

const edgeOctets = [0, 1, 0x7f, 0x80, 0xfe, 0xff] as const;
/** Lengths, counts and numbers at which something happens. */
const edgeWords = [
  0, 1, 2, 3, 4, 127, 128, 255, 256, 1023, 1024, 4095, 16_383, 16_384, 65_535, 65_536, 1_048_575, 4_194_304,
  0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff,
] as const;

/** A document longer than this only takes time. */
const maxOctets = 256 * 1024;
const maxChanges = 6;

/** What can be done to octets; each gives other ones. */
const changes: readonly ((bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array)[] =
  [
    (bytes, random) => withOctet(bytes, random.below(bytes.length), (was) => was ^ (1 << random.below(8))),
    (bytes, random) => withOctet(bytes, random.below(bytes.length), () => random.of(edgeOctets)),
    (bytes, random) => withOctet(bytes, random.below(bytes.length), () => random.below(256)),
    // A word at a boundary, as both protocols have them.
    (bytes, random) =>
      withWord(bytes, random.below(bytes.length >> 2) * 4, random.of(edgeWords), random.onceIn(2)),
    (bytes, random) => {
      const at = random.below(bytes.length >> 2) * 4;
      if (at + 4 > bytes.length) return bytes;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return withWord(bytes, at, view.getUint32(at) + random.below(9) - 4, false);
    },
    (bytes, random) => bytes.slice(0, random.below(bytes.length)),
    (bytes, random) => {
      const at = random.below(bytes.length);
      return joined(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16)));
    },
    (bytes, random) => {
      const at = random.below(bytes.length);
      const piece = bytes.subarray(at, at + 1 + random.below(64));
      const times = random.onceIn(50) ? 2000 : 1 + random.below(4);
      return joined(bytes.subarray(0, at), ...Array.from({ length: times }, () => piece), bytes.subarray(at));
    },
    // The beginning of one and the end of another.
    (bytes, random, others) => {
      const other = random.of(others);
      return joined(
        bytes.subarray(0, random.below(bytes.length)),
        other.subarray(random.below(other.length)),
      );
    },
    (bytes, random, others) => {
      const other = random.of(others);
      const [at, from] = [random.below(bytes.length), random.below(other.length)];
      return joined(bytes.subarray(0, at), other.subarray(from, from + random.below(64)), bytes.subarray(at));
    },
  ];

/**
 * Octets that differ from others in some places.
 *
 * @param words - pieces of the language that the octets are of.
 */
export function mutated(
  bytes: Uint8Array,
  random: Random,
  others: readonly Uint8Array[],
  words: readonly string[],
): Uint8Array {
  let changed = bytes;
  // What is still well-formed gets further than what is not.
  if (words.length > 0 && random.onceIn(2)) return withTokens(bytes, random, words);
  for (let left = 1 + random.below(maxChanges); left > 0; left--) {
    const word = words.length > 0 && random.onceIn(3) ? Buffer.from(random.of(words)) : undefined;
    const at = random.below(changed.length);
    changed =
      word === undefined
        ? random.of(changes)(changed, random, others)
        : joined(changed.subarray(0, at), word, changed.subarray(at + random.below(word.length + 1)));
  }
  return changed.subarray(0, maxOctets);
}

const token = /-?\d[\d.]*|'[^'\n]{0,200}'|"[^"\n]{0,200}"|[A-Za-z_][\w.-]*/g;
const edgeTexts = [
  '',
  '0',
  '-1',
  '1e999',
  '18446744073709551616',
  '2147483648',
  '\u00e4',
  'x'.repeat(5000),
  'a b',
] as const;

/** Numbers, names and quoted texts are others; what stands between them stays. */
function withTokens(bytes: Uint8Array, random: Random, words: readonly string[]): Uint8Array {
  let text = Buffer.from(bytes).toString('utf8');
  for (let left = 1 + random.below(maxChanges); left > 0; left--) {
    const all = [...text.matchAll(token)];
    // Another name of an element is none that closes it.
    const values = all.filter(([one]) => !/^[A-Za-z_]/.test(one));
    const found = values.length === 0 || random.onceIn(8) ? all : values;
    if (found.length === 0) break;
    const { index, 0: was } = random.of(found);
    const quote = /^['"]/.exec(was)?.[0] ?? '';
    const other = random.onceIn(3) ? random.of(found)[0].replaceAll(/['"]/g, '') : random.of(edgeTexts);
    const becomes = random.onceIn(10) ? random.of(words) : `${quote}${other}${quote}`;
    text = text.slice(0, index) + becomes + text.slice(index + was.length);
  }
  return Uint8Array.from(Buffer.from(text));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

function withOctet(bytes: Uint8Array, at: number, change: (was: number) => number): Uint8Array {
  const changed = bytes.slice();
  if (at < changed.length) changed[at] = change(changed[at] ?? 0);
  return changed;
}

function withWord(bytes: Uint8Array, at: number, value: number, littleEndian: boolean): Uint8Array {
  if (at + 4 > bytes.length) return bytes;
  const changed = bytes.slice();
  new DataView(changed.buffer).setUint32(at, value >>> 0, littleEndian);
  return changed;
}
