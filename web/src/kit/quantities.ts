/** Amounts as people read them: bytes in powers of a thousand, times in one unit. */

const BYTES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const
const SPANS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** "1.5 TB": three figures at most. */
export function readableBytes(bytes: number, language: string): string {
  const power = bytes < 1 ? 0 : Math.min(BYTES.length - 1, Math.floor(Math.log10(bytes) / 3))
  return unit(bytes / 1000 ** power, BYTES[power] ?? 'byte', language)
}

/** "3 min": the largest unit of which there is at least one. */
export function readableSpan(seconds: number, language: string): string {
  const [name, length] = SPANS.find(([, each]) => seconds >= each) ?? (['second', 1] as const)
  return unit(Math.floor(seconds / length), name, language)
}

export function readableCount(count: number, language: string): string {
  return new Intl.NumberFormat(language).format(count)
}

function unit(value: number, name: string, language: string): string {
  const options = { style: 'unit', unit: name, unitDisplay: 'short', maximumSignificantDigits: value < 100 ? 2 : 3 } as const
  return new Intl.NumberFormat(language, options).format(value)
}
