/** What the page and the worker of overlays say to each other. The worker fetches, reads and paints; the page only shows. */
import type { Colour } from '../../dicomweb/colours'
import type { Triple } from '../../dicomweb/frame'
import type { ImagePoint, Matrix, Plane } from '../../dicomweb/plane'

export type OverlayKind = 'mask' | 'contours' | 'map' | 'dose'

/** One place where a part lies: a point in the patient, or an image by name where no place is known. */
export interface Place {
  readonly point: Triple | undefined
  readonly sopInstanceUid: string | undefined
  readonly frameNumber: number | undefined
}

/** A segment, or a region of a structure set. */
export interface Part {
  readonly id: number
  readonly label: string
  readonly detail: string | undefined
  readonly colour: Colour
  readonly frameOfReferenceUid: string | undefined
  /** One for each frame or contour, in the order of the object. */
  readonly places: readonly Place[]
}

export interface Scale {
  readonly quantity: string | undefined
  /** UCUM; '' says "no unit", undefined that the file does not say. */
  readonly unit: string | undefined
  readonly lowest: number
  readonly highest: number
}

/**
 * What the doses of a grid are compared with. plan: that the grid is a part of ('part': or of several), that it names none, that it is
 * not here ('away'), that it prescribes nothing ('unsaid').
 */
export interface DoseFacts {
  /** GY's unit is 'Gy', RELATIVE has none (''). */
  readonly unit: string | undefined
  readonly highest: number
  readonly plan: 'none' | 'part' | 'away' | 'unsaid' | 'read'
  /** The highest prescription of so many different ones for targets. */
  readonly prescription: { readonly gray: number; readonly targets: number } | undefined
}

export interface OverlayDescription {
  readonly kind: OverlayKind
  readonly label: string | undefined
  /** BINARY, FRACTIONAL PROBABILITY, PHYSICAL PLAN … in the words of the standard. */
  readonly nature: string | undefined
  readonly patientId: string | undefined
  readonly frameOfReferenceUids: readonly string[]
  /** Images that its frames name as what they were made from. */
  readonly sourceUids: readonly string[]
  /** Series that the object says it belongs to. */
  readonly referencedSeries: readonly string[]
  readonly rows: number | undefined
  readonly columns: number | undefined
  readonly parts: readonly Part[]
  readonly scale: Scale | undefined
  /** Of doses only. */
  readonly dose?: DoseFacts
}

/** The frame to be drawn on. plane: undefined where the image does not lie anywhere known. */
export interface Target {
  readonly sopInstanceUid: string
  readonly frameNumber: number
  readonly rows: number
  readonly columns: number
  readonly plane: Plane | undefined
  readonly frameOfReferenceUid: string | undefined
  readonly toleranceMm: number
}

export interface Look {
  readonly hidden: readonly number[]
  readonly colours: Readonly<Record<number, Colour>>
  /** Ends of the scale, in its unit. */
  readonly range: readonly [number, number] | undefined
  /** Levels of isodose lines, in the unit of the dose. */
  readonly isodoses?: readonly number[]
}

/** All lines of one level. place: of the level among those asked for. d: SVG path in image points; labels: where the level is written. */
export interface Isodose {
  readonly level: number
  readonly place: number
  readonly d: string
  readonly labels: readonly ImagePoint[]
}

export interface Shape {
  readonly part: number
  readonly colour: Colour
  /** SVG path; matrix takes its points to image points. */
  readonly d: string
  readonly matrix: Matrix
  readonly closed: boolean
  readonly filled: 'nonzero' | 'evenodd' | undefined
}

export interface Drawing {
  /** matrix: from points of the picture to points of the image. */
  readonly picture: { readonly blob: Blob; readonly columns: number; readonly rows: number; readonly matrix: Matrix } | undefined
  readonly shapes: readonly Shape[]
  /** Single points, and where the name of each part is written. */
  readonly points: readonly { readonly part: number; readonly colour: Colour; readonly at: ImagePoint }[]
  readonly names: readonly { readonly part: number; readonly at: ImagePoint }[]
  readonly isodoses?: readonly Isodose[]
}

export const NOTHING_DRAWN: Drawing = { picture: undefined, shapes: [], points: [], names: [] }

export type OverlayFailure = 'lost' | 'unavailable' | 'unreadable' | 'unplaced' | 'too-large'

export class OverlayError extends Error {
  readonly reason: OverlayFailure

  constructor(reason: OverlayFailure) {
    super(`overlay ${reason}`)
    this.name = 'OverlayError'
    this.reason = reason
  }
}

/** address: of the instance, by DICOMweb. */
export type OverlayRequest =
  | { readonly call: number; readonly type: 'open'; readonly address: string }
  | { readonly call: number; readonly type: 'draw'; readonly address: string; readonly target: Target; readonly look: Look }
  | { readonly call: number; readonly type: 'close'; readonly address: string }

export type OverlayAnswer =
  | { readonly call: number; readonly value: OverlayDescription | Drawing | undefined }
  | { readonly call: number; readonly failure: OverlayFailure }
