/** A hint, not a judge: how hard a password is to guess, by length, variety and the commonest mistakes. The server decides. */

export const SHORTEST_PASSWORD = 12

export type Strength = 'tooShort' | 'weak' | 'fair' | 'good' | 'strong'

const COMMON = ['password', 'passwort', 'qwerty', 'qwertz', 'asdf', 'abc', 'admin', 'welcome', 'letmein', 'isocenter', 'iloveyou', '123', '111', '000']

/** Removes what adds no surprise: common words, repeated and consecutive characters. */
function surprising(password: string): string {
  let rest = password.toLowerCase()
  for (const word of COMMON) rest = rest.replaceAll(word, '')
  return [...rest].filter((character, index, all) => Math.abs(character.charCodeAt(0) - (all[index - 1]?.charCodeAt(0) ?? -9)) > 1).join('')
}

function kindsOf(password: string): number {
  return [/\p{Ll}/u, /\p{Lu}/u, /\d/, /[^\p{L}\d]/u, /\p{Lo}/u].filter((kind) => kind.test(password)).length
}

export function passwordStrength(password: string, own: readonly string[] = []): Strength {
  if ([...password].length < SHORTEST_PASSWORD) return 'tooShort'
  let rest = surprising(password)
  for (const word of own.filter((text) => text.length > 2)) rest = rest.replaceAll(word.toLowerCase(), '')
  const worth = new Set(rest).size + rest.length / 2 + kindsOf(password) * 2
  if (worth < 12) return 'weak'
  if (worth < 18) return 'fair'
  return worth < 25 ? 'good' : 'strong'
}
