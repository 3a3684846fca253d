/** Texts up to this many characters are copied by hand, which is faster than a call into the runtime. */
const SHORT_TEXT = 64;

/**
 * Writes a text in UTF-8 and returns how many octets that took. There must be room for three octets a UTF-16 unit, or
 * for what the text really takes.
 */
export function writeUtf8(bytes: Buffer, at: number, text: string): number {
  const size = text.length;
  let written = 0;
  if (size <= SHORT_TEXT) {
    for (; written < size; written++) {
      const code = text.charCodeAt(written);
      if (code >= 0x80) break;
      bytes[at + written] = code;
    }
  }
  return written < size ? bytes.write(text, at, 'utf8') : written;
}
