/**
 * The Grayscale Standard Display Function (PS3.14 clause 7, equations 7-1 and 7-2), and how far a display is from it by AAPM TG18
 * (Assessment of Display Performance, 2005, 4.3). Luminances in cd/m².
 */

const [A, B, C, D, E, F, G, H, K, M] = [
  -1.301_187_7, -2.584_019_1e-2, 8.024_263_6e-2, -1.032_022_9e-1, 1.364_669_9e-1, 2.874_562_0e-2, -2.546_840_4e-2, -3.197_897_7e-3,
  1.299_263_4e-4, 1.363_533_4e-3,
] as const
const INVERSE = [71.498_068, 94.593_053, 41.912_053, 9.824_700_4, 0.281_754_07, -1.187_845_5, -0.180_143_49, 0.147_108_99, -0.017_046_845]

/** Luminance of a just-noticeable difference index, 1 to 1023. */
export function luminanceOf(index: number): number {
  const x = Math.log(index)
  const top = A + x * (C + x * (E + x * (G + x * M)))
  const bottom = 1 + x * (B + x * (D + x * (F + x * (H + x * K))))
  return 10 ** (top / bottom)
}

/** The index of a luminance, 0.05 to 3993 cd/m². */
export function indexOf(luminance: number): number {
  const x = Math.log10(luminance)
  return INVERSE.reduceRight((sum, coefficient) => sum * x + coefficient, 0)
}

/** Grey levels measured: 18 patches from black to white in equal steps of 15 (TG18-LN). */
export const MEASURED_LEVELS: readonly number[] = Array.from({ length: 18 }, (_, index) => index * 15)

export interface Conformance {
  /** The largest deviation of contrast from the standard, as a share: 0.1 is 10 %. */
  readonly deviation: number
  /** From which measured level to the next that is, from 0. */
  readonly at: number
  /** White to black, both with what the room reflects. */
  readonly luminanceRatio: number
  readonly brightest: number
  /** primary: within 10 % and 250 to 1; secondary: within 20 % and 100 to 1 (TG18 table 4, 5). */
  readonly fitFor: 'primary' | 'secondary' | 'neither'
}

/**
 * measured: luminance of each of MEASURED_LEVELS, with the reflected light of the room in it (or ambient added).
 * ambient: reflected by the screen when it is off, added to each.
 * undefined where the values are no luminances, do not rise, or lie beyond the function.
 */
export function conformanceOf(measured: readonly number[], ambient = 0): Conformance | undefined {
  const values = measured.map((value) => value + ambient)
  const rising = values.every((value, index) => Number.isFinite(value) && value >= 0.05 && value <= 3993 && (index === 0 || value > (values[index - 1] ?? 0)))
  if (values.length !== MEASURED_LEVELS.length || !rising || !(ambient >= 0)) return undefined
  const [first = 0, last = 0] = [values[0], values.at(-1)]
  const [from, to] = [indexOf(first), indexOf(last)]
  const wanted = values.map((_, index) => luminanceOf(from + ((to - from) * index) / (values.length - 1)))
  const deviations = contrasts(values).map((contrast, index) => Math.abs(contrast / (contrasts(wanted)[index] ?? contrast) - 1))
  const deviation = Math.max(...deviations)
  const luminanceRatio = last / first
  const fits = (most: number, ratio: number) => deviation <= most && luminanceRatio >= ratio
  const fitFor = fits(0.1, 250) ? 'primary' : fits(0.2, 100) ? 'secondary' : 'neither'
  return { deviation, at: deviations.indexOf(deviation), luminanceRatio, brightest: last, fitFor }
}

/** 2 (b - a) / (a + b) from each to the next. The step in indices is the same for all, and falls out of the comparison. */
function contrasts(luminances: readonly number[]): number[] {
  return luminances.slice(1).map((next, index) => {
    const now = luminances[index] ?? next
    return (2 * (next - now)) / (next + now)
  })
}
