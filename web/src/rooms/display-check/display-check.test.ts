import { describe, expect, it } from 'vitest'

import { conformanceOf, indexOf, luminanceOf, MEASURED_LEVELS } from './gsdf'
import { FIVE_PERCENT, GROUND, LETTERS, type Letter, NINETY_FIVE_PERCENT, patternFor, type Rectangle } from './pattern'

/** `dcmdspfn +Il 1 400 +Cd 18 +Og curve.txt`, DCMTK 3.6.7. */
const DCMTK = [
  1.000_049, 2.107_078, 3.795_728, 6.219_225, 9.568_295, 14.081_46, 20.057_31, 27.8696, 37.986_032, 50.991_723, 67.618_617, 88.782_364,
  115.628_651, 149.591_426, 192.466_152, 246.502_057, 314.518_395, 400.051_116,
]

/** What a meter reads on a display from black to white that follows the function. */
const following = (black: number, white: number) =>
  MEASURED_LEVELS.map((_, index) => luminanceOf(indexOf(black) + ((indexOf(white) - indexOf(black)) * index) / 17))

describe('the Grayscale Standard Display Function', () => {
  it('has the ends that the standard gives it', () => {
    expect(luminanceOf(1)).toBeCloseTo(0.05, 3)
    expect(luminanceOf(1023)).toBeCloseTo(3993.4, 0)
  })

  it('is that of DCMTK from 1 to 400 cd/m²', () => {
    const ours = following(1, 400)
    for (const [index, luminance] of DCMTK.entries()) expect((ours[index] ?? 0) / luminance, String(index)).toBeCloseTo(1, 3)
  })

  it('leads back to the index', () => {
    for (const index of [1, 50, 300, 600, 900, 1023]) expect(Math.abs(indexOf(luminanceOf(index)) - index)).toBeLessThan(0.5)
  })
})

describe('conformance', () => {
  it('of a display that follows the function is near to nothing', () => {
    expect(conformanceOf(following(1, 400))).toMatchObject({ fitFor: 'primary', luminanceRatio: expect.closeTo(400, 0) })
    expect(conformanceOf(following(1, 400))?.deviation).toBeLessThan(0.005)
  })

  it('of one that follows a power law is none, and says where', () => {
    const gamma = MEASURED_LEVELS.map((level) => 0.5 + 250 * (level / 255) ** 2.2)
    expect(conformanceOf(gamma)).toMatchObject({ fitFor: 'neither' })
    expect(conformanceOf(gamma)?.deviation).toBeGreaterThan(0.2)
  })

  it('is lost in a bright room', () => {
    expect(conformanceOf(following(1, 400), 5)?.fitFor).toBe('neither')
  })

  it('is not told from what is no measurement', () => {
    expect(conformanceOf(following(1, 400).toReversed())).toBeUndefined()
    expect(conformanceOf([1, 2, 3])).toBeUndefined()
    expect(conformanceOf(following(1, 400).map((value, index) => (index === 3 ? Number.NaN : value)))).toBeUndefined()
    expect(conformanceOf(following(1, 400), -1)).toBeUndefined()
  })
})

const rectanglesOf = (width: number, height: number) => patternFor(width, height, 'positive').filter((mark): mark is Rectangle => mark.kind === 'rectangle')

describe('the pattern', () => {
  const rectangles = rectanglesOf(1920, 1080)

  it('has 5 % in black and 95 % in white', () => {
    for (const [outer, inner] of [
      [0, FIVE_PERCENT],
      [255, NINETY_FIVE_PERCENT],
    ] as const) {
      const faint = rectangles.find(({ level, width }) => level === inner && width > 50)
      const around = rectangles.find(
        ({ level, x, y, width, height }) =>
          faint && level === outer && x < faint.x && y < faint.y && x + width > faint.x + faint.width && y + height > faint.y + faint.height && width < 400,
      )
      expect(faint && around, `${inner} in ${outer}`).toBeTruthy()
    }
    expect(FIVE_PERCENT / 255).toBeCloseTo(0.05, 2)
    expect(NINETY_FIVE_PERCENT / 255).toBeCloseTo(0.95, 2)
  })

  it('has eighteen patches in equal steps, square', () => {
    const patches = rectangles.filter(({ width, height }) => width === 108 && height === 108)
    expect(patches.map(({ level }) => level)).toEqual(MEASURED_LEVELS)
  })

  it('has all levels in its ramp, without a gap', () => {
    const ramp = rectangles.filter(({ y, level, height }) => y === Math.round(1080 * 0.84) && height === 54 && level <= 255)
    expect(ramp.map(({ level }) => level)).toEqual(Array.from({ length: 256 }, (_, level) => level))
    for (const [index, { x, width }] of ramp.entries()) expect(ramp[index + 1]?.x ?? x + width).toBe(x + width)
  })

  it('has letters that fade level by level', () => {
    const letters = patternFor(1920, 1080, 'positive').filter((mark): mark is Letter => mark.kind === 'letter')
    expect(letters).toHaveLength(LETTERS.length * 3)
    expect(letters[LETTERS.length - 1]?.level).toBe(1)
    expect(letters[LETTERS.length]?.level).toBe(GROUND + LETTERS.length)
  })

  it('stays on the screen, whatever its shape', () => {
    for (const [width, height] of [
      [1920, 1080],
      [390, 700],
      [2048, 2560],
    ] as const) {
      const beyond = rectanglesOf(width, height).filter((one) => one.x < 0 || one.y < 0 || one.x + one.width > width || one.y + one.height > height)
      expect(beyond, `${width} × ${height}`).toEqual([])
    }
  })

  it('turned round has each level at its opposite', () => {
    const [positive, negative] = (['positive', 'negative'] as const).map((polarity) => patternFor(800, 600, polarity))
    expect(negative?.map(({ level }) => level)).toEqual(positive?.map(({ level }) => 255 - level))
  })
})
