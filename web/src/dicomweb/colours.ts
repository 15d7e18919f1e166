/** Colours of segments and regions: as the file recommends them, else a set that colour-blind people tell apart. */

export type Colour = readonly [red: number, green: number, blue: number]

/** Okabe and Ito 2008, without black, which cannot be seen on an image; blue is made lighter for the dark ground. */
export const DISTINCT: readonly Colour[] = [
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [240, 228, 66],
  [213, 94, 0],
  [204, 121, 167],
  [70, 130, 230],
]

export function distinct(index: number): Colour {
  return DISTINCT[index % DISTINCT.length] ?? [255, 255, 255]
}

function fromXyzCurve(t: number): number {
  return t > 6 / 29 ? t ** 3 : 3 * (6 / 29) ** 2 * (t - 4 / 29)
}

function channel(linear: number): number {
  const bounded = Math.min(1, Math.max(0, linear))
  return Math.round(255 * (bounded <= 0.0031308 ? 12.92 * bounded : 1.055 * bounded ** (1 / 2.4) - 0.055))
}

/**
 * Recommended Display CIELab Value (PS3.3 C.10.7.1.1) to sRGB. L* is 0…100 over 0…65535, a* and b* are −128…127; the white is D50,
 * brought to the D65 of sRGB after Bradford.
 */
export function fromDicomLab(values: readonly number[]): Colour | undefined {
  const [codedL, codedA, codedB] = values
  if (codedL === undefined || codedA === undefined || codedB === undefined) return undefined
  const l = (codedL * 100) / 65535
  const a = (codedA * 255) / 65535 - 128
  const b = (codedB * 255) / 65535 - 128
  const y = (l + 16) / 116
  const [x, z] = [0.9642 * fromXyzCurve(y + a / 500), 0.8249 * fromXyzCurve(y - b / 200)]
  const luminance = fromXyzCurve(y)
  return [
    channel(3.1338561 * x - 1.6168667 * luminance - 0.4906146 * z),
    channel(-0.9787684 * x + 1.9161415 * luminance + 0.033454 * z),
    channel(0.0719453 * x - 0.2289914 * luminance + 1.4052427 * z),
  ]
}

export function css([red, green, blue]: Colour): string {
  return `rgb(${red} ${green} ${blue})`
}
