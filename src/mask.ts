/**
 * Replaces the user information of every URI in a text (`//user:secret@host`) by asterisks: neither logs nor
 * printed configurations are places for credentials.
 */
export function maskUserInfo(text: string): string {
  return text.includes('@') ? text.replace(/\/\/[^/@\s]*@/g, '//***@') : text;
}

/** A text without the user information of its URIs, for where even the asterisks are too much. */
export function withoutUserInfo(text: string): string {
  return text.replace(/\/\/[^/@\s]*@/g, '//');
}
