/** Letters at the edges of an image: which way the patient lies (PS3.3 C.7.6.1.1.1, C.7.6.2.1.1). */
import type { Frame, Triple } from './frame'
import { cross, dot } from './order'

const OPPOSITE: Readonly<Record<string, string>> = { L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' }

/** Directions shorter than this share of the vector are not worth a letter. */
const NEGLIGIBLE = 0.2

/** Letters of a direction in the patient: +x left, +y posterior, +z head; the strongest first, at most three. */
export function lettersOf(direction: Triple): string {
  const parts = [
    { size: Math.abs(direction[0]), letter: direction[0] > 0 ? 'L' : 'R' },
    { size: Math.abs(direction[1]), letter: direction[1] > 0 ? 'P' : 'A' },
    { size: Math.abs(direction[2]), letter: direction[2] > 0 ? 'H' : 'F' },
  ]
  const length = Math.hypot(...direction)
  return parts
    .filter((part) => part.size > NEGLIGIBLE * length)
    .sort((a, b) => b.size - a.size)
    .map((part) => part.letter)
    .join('')
}

export function oppositeLetters(letters: string): string {
  return [...letters].map((letter) => OPPOSITE[letter] ?? letter).join('')
}

export interface EdgeLetters {
  readonly left: string
  readonly right: string
  readonly top: string
  readonly bottom: string
}

/** Where the axes of the image point on the screen: [right, down] parts of a row and of a column direction. */
export interface ScreenAxes {
  readonly row: readonly [number, number]
  readonly column: readonly [number, number]
}

/** The letters at the edges of the screen for an image turned and flipped as given; undefined when nothing is known. */
export function edgeLetters(frame: Frame, axes: ScreenAxes): EdgeLetters | undefined {
  const toward = frame.rowCosines && frame.columnCosines ? byGeometry(frame.rowCosines, frame.columnCosines) : byLabels(frame)
  if (!toward) return undefined
  const right = toward(axes.row[0], axes.column[0])
  const bottom = toward(axes.row[1], axes.column[1])
  return { right, left: oppositeLetters(right), bottom, top: oppositeLetters(bottom) }
}

type Toward = (rowPart: number, columnPart: number) => string

function byGeometry(row: Triple, column: Triple): Toward {
  return (rowPart, columnPart) => {
    const mix = (axis: 0 | 1 | 2) => row[axis] * rowPart + column[axis] * columnPart
    return lettersOf([mix(0), mix(1), mix(2)])
  }
}

/** Where only (0020,0020) is given, and the image is not turned by other than right angles. */
function byLabels(frame: Frame): Toward | undefined {
  const labels = frame.patientOrientation
  if (!labels) return undefined
  return (rowPart, columnPart) => {
    const [label, part] = Math.abs(rowPart) >= Math.abs(columnPart) ? [labels[0], rowPart] : [labels[1], columnPart]
    return part >= 0 ? label : oppositeLetters(label)
  }
}

/** Distance of the slice along its normal, mm: what the overlay shows as position. */
export function slicePosition(frame: Frame): number | undefined {
  if (!frame.position || !frame.rowCosines || !frame.columnCosines) return undefined
  return dot(frame.position, cross(frame.rowCosines, frame.columnCosines))
}
