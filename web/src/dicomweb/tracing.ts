/** A curve on squared paper: samples to points on the screen, and the screen back to time and voltage. */

export interface Paper {
  /** CSS pixels for one millimetre of paper. */
  readonly pixelsPerMm: number
  readonly mmPerSecond: number
  /** For one unit of the channel. */
  readonly mmPerUnit: number
}

/** Points of an SVG path; samples that are not there (NaN) leave a gap. from, to: samples, to excluded; y 0 is the channel's zero. */
export function tracePath(values: Float64Array, samplesPerSecond: number, [from, to]: readonly [number, number], paper: Paper): string {
  const across = (paper.pixelsPerMm * paper.mmPerSecond) / samplesPerSecond
  const up = paper.pixelsPerMm * paper.mmPerUnit
  const parts: string[] = []
  let pen = 'M'
  for (let sample = Math.max(0, from); sample < Math.min(to, values.length); sample += 1) {
    const value = values[sample] ?? Number.NaN
    if (Number.isNaN(value)) {
      pen = 'M'
      continue
    }
    parts.push(`${pen}${((sample - from) * across).toFixed(2)} ${(-value * up).toFixed(2)}`)
    pen = 'L'
  }
  return parts.join('')
}

export interface Measured {
  readonly milliseconds: number
  /** 60 s over the time between; undefined for no time. */
  readonly perMinute: number | undefined
  /** In the unit of the channel. */
  readonly amplitude: number
}

/** What lies between two points of the paper, CSS pixels. Rates and amplitudes follow the direction of reading: later and higher are positive. */
export function between([x1, y1]: readonly [number, number], [x2, y2]: readonly [number, number], paper: Paper): Measured {
  const seconds = Math.abs(x2 - x1) / (paper.pixelsPerMm * paper.mmPerSecond)
  const [first, second] = x2 >= x1 ? [y1, y2] : [y2, y1]
  return {
    milliseconds: seconds * 1000,
    perMinute: seconds > 0 ? 60 / seconds : undefined,
    amplitude: (first - second) / (paper.pixelsPerMm * paper.mmPerUnit),
  }
}
