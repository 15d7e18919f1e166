/**
 * Characters that a reader cannot see but that change what she reads (bidirectional controls, zero-width and filling
 * characters, controls), made visible. The set is that of the server (standards/dicom/unseen_characters.py).
 */

// oxlint-disable-next-line no-control-regex, no-misleading-character-class -- these are what is looked for
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e007f}]/gu

/** Each unseen character as its code point in brackets: "Wang\u202eil" reads "Wang⟨U+202E⟩il". */
export function marked(text: string): string {
  return text.replace(UNSEEN, (character) => `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`)
}
