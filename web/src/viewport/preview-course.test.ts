import { describe, expect, it } from 'vitest'

import { PreviewCourse } from './preview-course'

/** How often a frame of so many bytes is drawn before it is whole, on a line of so many bytes in each millisecond. */
function drawnAt(whole: number, perMs: number, least: number): number[] {
  const course = new PreviewCourse()
  const drawn: number[] = []
  for (let now = 0; now * perMs <= whole; now += 10) {
    const bytes = now * perMs
    if (course.isSlow(bytes, whole, now) && course.isDue(bytes, whole, least)) drawn.push(bytes)
  }
  return drawn
}

describe('drawing the beginning of a picture', () => {
  it('pays on a slow line, a few times for each picture', () => {
    const drawn = drawnAt(5_000_000, 1000, 40_000)
    expect(drawn[0]).toBe(100_000)
    expect(drawn.length).toBeGreaterThan(4)
    expect(drawn.length).toBeLessThan(9)
  })

  it('waits until there is enough of it', () => {
    expect(drawnAt(2_000_000, 100, 300_000)[0]).toBe(300_000)
  })

  it('does not pay for a slice of CT on that line, nor for a mammogram on a fast one', () => {
    expect(drawnAt(230_000, 1000, 5_000)).toEqual([])
    expect(drawnAt(5_000_000, 50_000, 40_000)).toEqual([])
  })
})
