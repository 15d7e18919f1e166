/**
 * The test pattern, as rectangles and letters in device pixels: after TG18-QC (AAPM TG18, 2005, 3.2.1), drawn by us.
 * Levels are grey levels of the screen, 0 to 255. Pure: `draw.ts` puts it on a canvas.
 */

export interface Rectangle {
  readonly kind: 'rectangle'
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly level: number
}

export interface Letter {
  readonly kind: 'letter'
  readonly text: string
  /** Middle of the letter. */
  readonly x: number
  readonly y: number
  readonly size: number
  readonly level: number
}

export type Mark = Rectangle | Letter

export type Polarity = 'positive' | 'negative'

export const GROUND = 128
export const FIVE_PERCENT = 13
export const NINETY_FIVE_PERCENT = 242
/** Fourteen letters, each one step fainter than the one before. */
export const LETTERS = 'QUALITYCONTROL'
const STEPS = 18
const STEP = 15

interface Square {
  readonly left: number
  readonly top: number
  readonly side: number
}

const rectangle = (x: number, y: number, width: number, height: number, level: number): Rectangle => ({
  kind: 'rectangle',
  x: Math.round(x),
  y: Math.round(y),
  width: Math.max(1, Math.round(width)),
  height: Math.max(1, Math.round(height)),
  level,
})

/** Lines one pixel wide at each tenth, and a frame at the very edge of the screen: squares must be square, edges must be there. */
function geometry(width: number, height: number, { left, top, side }: Square): Rectangle[] {
  const tenths = Array.from({ length: 11 }, (_, index) => index / 10)
  const frame = (x: number, y: number, w: number, h: number) => [
    rectangle(x, y, w, 1, 255),
    rectangle(x, y + h - 1, w, 1, 255),
    rectangle(x, y, 1, h, 255),
    rectangle(x + w - 1, y, 1, h, 255),
  ]
  const grid = tenths.flatMap((share) => [
    rectangle(left + share * (side - 1), top, 1, side, 176),
    rectangle(left, top + share * (side - 1), side, 1, 176),
  ])
  return [...grid, ...frame(0, 0, width, height)]
}

/** Eighteen patches, black to white in steps of 15, each with a corner a little brighter and one a little darker. */
function patches({ left, top, side }: Square): Rectangle[] {
  const size = side / 10
  return Array.from({ length: STEPS }, (_, index) => {
    const level = index * STEP
    const column = index < 9 ? index : 17 - index
    const [x, y] = [left + side * 0.05 + column * size, top + side * (index < 9 ? 0.3 : 0.4)]
    const inset = size / 5
    return [
      rectangle(x, y, size, size, level),
      rectangle(x + inset / 2, y + inset / 2, inset, inset, Math.min(255, level + 4)),
      rectangle(x + size - inset * 1.5, y + size - inset * 1.5, inset, inset, Math.max(0, level - 4)),
    ]
  }).flat()
}

/** 5 % in black and 95 % in white. */
function ends({ left, top, side }: Square): Rectangle[] {
  const size = side * 0.14
  const pair = (x: number, outer: number, inner: number) => [
    rectangle(x, top + side * 0.1, size, size, outer),
    rectangle(x + size / 4, top + side * 0.1 + size / 4, size / 2, size / 2, inner),
  ]
  return [...pair(left + side * 0.3, 0, FIVE_PERCENT), ...pair(left + side * 0.56, 255, NINETY_FIVE_PERCENT)]
}

/** Lines of one pixel, on and off, upright and lying; in full contrast and faint, in the corners and the middle. */
function linePairs({ left, top, side }: Square): Rectangle[] {
  const size = Math.round(side * 0.06)
  const places = [
    [0.02, 0.02],
    [0.85, 0.02],
    [0.02, 0.92],
    [0.85, 0.92],
    [0.435, 0.53],
  ] as const
  return places.flatMap(([right, down]) => {
    const [x, y] = [left + side * right, top + side * down]
    return [...lines(x, y, size, 'upright', [0, 255]), ...lines(x + size * 1.1, y, size, 'lying', [GROUND - 6, GROUND + 6])]
  })
}

function lines(x: number, y: number, size: number, way: 'upright' | 'lying', [dark, bright]: readonly [number, number]): Rectangle[] {
  const ground = rectangle(x, y, size, size, dark)
  const stripes = Array.from({ length: Math.floor(size / 2) }, (_, index) =>
    way === 'upright' ? rectangle(x + index * 2, y, 1, size, bright) : rectangle(x, y + index * 2, size, 1, bright),
  )
  return [ground, ...stripes]
}

/** All 256 levels in a row: no bands and no jumps. */
function ramp({ left, top, side }: Square): Rectangle[] {
  const [x, width] = [left + side * 0.1, side * 0.8]
  return Array.from({ length: 256 }, (_, level) => {
    const from = Math.round(x + (width * level) / 256)
    return rectangle(from, top + side * 0.84, Math.round(x + (width * (level + 1)) / 256) - from, side * 0.05, level)
  })
}

/** Letters on black, grey and white, each fainter than the one before by one level. */
function letters({ left, top, side }: Square): Mark[] {
  const rows = [
    { ground: 0, sign: 1, down: 0.63 },
    { ground: GROUND, sign: 1, down: 0.7 },
    { ground: 255, sign: -1, down: 0.77 },
  ]
  const size = side * 0.05
  return rows.flatMap(({ ground, sign, down }) => {
    const strip = rectangle(left + side * 0.1, top + side * down, side * 0.8, side * 0.06, ground)
    const drawn = [...LETTERS].map<Letter>((text, index) => ({
      kind: 'letter',
      text,
      x: left + side * (0.13 + 0.057 * index),
      y: top + side * (down + 0.03),
      size,
      level: ground + sign * (LETTERS.length - index),
    }))
    return [strip, ...drawn]
  })
}

/** Everything, in the order of drawing, for a screen of so many device pixels. */
export function patternFor(width: number, height: number, polarity: Polarity): readonly Mark[] {
  const side = Math.min(width, height)
  const square = { left: Math.floor((width - side) / 2), top: Math.floor((height - side) / 2), side }
  const marks = [
    rectangle(0, 0, width, height, GROUND),
    ...geometry(width, height, square),
    ...ends(square),
    ...patches(square),
    ...linePairs(square),
    ...letters(square),
    ...ramp(square),
  ]
  return polarity === 'positive' ? marks : marks.map((mark) => ({ ...mark, level: 255 - mark.level }))
}
