/** The stream cipher RC4 (RFC 6229 has its key streams), which OpenSSL has only with its legacy provider. */
export class Rc4 {
  readonly #state = new Uint8Array(256);
  #i = 0;
  #j = 0;

  constructor(key: Uint8Array) {
    const state = this.#state;
    for (let index = 0; index < 256; index++) state[index] = index;
    for (let index = 0, other = 0; index < 256; index++) {
      const octet = state[index] ?? 0;
      other = (other + octet + (key[index % key.length] ?? 0)) & 0xff;
      state[index] = state[other] ?? 0;
      state[other] = octet;
    }
  }

  /** Encrypts or decrypts the octets that follow those of the call before. */
  update(octets: Uint8Array): Uint8Array {
    const state = this.#state;
    const output = new Uint8Array(octets.length);
    let i = this.#i;
    let j = this.#j;
    for (let index = 0; index < octets.length; index++) {
      i = (i + 1) & 0xff;
      const left = state[i] ?? 0;
      j = (j + left) & 0xff;
      const right = state[j] ?? 0;
      state[i] = right;
      state[j] = left;
      output[index] = (octets[index] ?? 0) ^ (state[(left + right) & 0xff] ?? 0);
    }
    this.#i = i;
    this.#j = j;
    return output;
  }
}
