/** Between how a picture is shown here and what a presentation state says (GSPS, PS3.3 A.33). Pure. */
import type { components } from '../../../api/schema'
import { imageIdOf, keyOf } from '../../../dicomweb/addresses'
import type { Frame } from '../../../dicomweb/frame'
import { linesOf } from '../../../measuring/editing'
import type { ImagePoint, Measurement } from '../../../measuring/measurement'
import type { Presentation } from '../../../viewport/presentation'

type Schemas = components['schemas']
type StateView = Schemas['StateView']
type State = Schemas['State']
export type StateToFile = Schemas['StateToFile']

/** The size of a pane on the screen, and how many screen pixels an image pixel has at zoom 1. */
export interface Pane {
  readonly width: number
  readonly height: number
  readonly fitting: number
}

/** Height of a pixel in its widths. */
const tallOf = ({ spacing, aspect }: Frame): number => (spacing ? spacing[0] / spacing[1] : (aspect?.[0] ?? 1))

const turned = (rotation: number): boolean => rotation % 180 !== 0

/** The part of the image that the pane shows; undefined while all of it is. */
export function areaOf({ zoom, pan, rotation }: Presentation, frame: Frame, pane: Pane): Schemas['DisplayedArea'] | undefined {
  if (!pan || Math.abs(zoom - 1) < 1e-3) return undefined
  const scale = pane.fitting * zoom
  const [across, down] = turned(rotation) ? [pane.height, pane.width] : [pane.width, pane.height]
  const [halfColumns, halfRows] = [across / scale / 2, down / (scale * tallOf(frame)) / 2]
  return { top_left: [pan[0] - halfColumns, pan[1] - halfRows], bottom_right: [pan[0] + halfColumns, pan[1] + halfRows], mode: 'fit' }
}

/** The zoom and the middle that show an area in a pane. */
export function placeOf(area: Schemas['DisplayedArea'], rotation: number, frame: Frame, pane: Pane): Pick<Presentation, 'zoom' | 'pan'> {
  const [[left = 0, top = 0], [right = 0, bottom = 0]] = [area.top_left, area.bottom_right]
  const [columns, rows] = [Math.abs(right - left), Math.abs(bottom - top) * tallOf(frame)]
  const [across, down] = turned(rotation) ? [rows, columns] : [columns, rows]
  const scale = Math.min(pane.width / across, pane.height / down)
  return { zoom: scale / pane.fitting, pan: [(left + right) / 2, (top + bottom) / 2] }
}

const coordinates = (points: readonly ImagePoint[]): number[][] => points.map(([column, row]) => [column, row])

/** The shapes of a measurement as graphics of a state. */
function graphicsOf({ kind, points }: Measurement): Schemas['Graphic'][] {
  const [first] = points
  if (kind === 'ellipse') return [{ kind: 'ellipse', points: coordinates(points), filled: false }]
  if (points.length === 1 && first) return kind === 'text' ? [] : [{ kind: 'point', points: coordinates([first]), filled: false }]
  return linesOf(kind, points).map((line) => ({ kind: 'polyline' as const, points: coordinates(line), filled: false }))
}

/** How a picture is shown now, as a state to be filed. words: the lines that stand at a measurement. */
export function stateOf(
  shown: Presentation,
  frame: Frame,
  pane: Pane,
  measurements: readonly Measurement[],
  words: (measurement: Measurement) => readonly string[],
): Pick<StateToFile, 'invert' | 'rotation' | 'flip_horizontal' | 'views' | 'label'> | undefined {
  if (shown.imageId === undefined) return undefined
  const { seriesInstanceUid, sopInstanceUid, frameNumber } = keyOf(shown.imageId)
  const area = areaOf(shown, frame, pane)
  const texts = measurements.flatMap((one) => {
    const [anchor] = one.points
    const text = words(one).join('\n')
    return anchor && text ? [{ text: text.slice(0, 1024), anchor: [anchor[0], anchor[1]] }] : []
  })
  const image = { series_instance_uid: seriesInstanceUid, sop_instance_uid: sopInstanceUid, frame_numbers: frame.frameCount > 1 ? [frameNumber] : [] }
  const view: StateView = { images: [image], graphics: measurements.flatMap(graphicsOf), texts }
  const { centre, width, voiFunction } = shown
  if (centre !== undefined && width !== undefined) view.window = { centre, width, function: voiFunction ?? 'LINEAR' }
  if (area) view.displayed_area = area
  const rotation = ((Math.round(shown.rotation / 90) * 90) % 360) as 0 | 90 | 180 | 270
  return { label: 'VIEW', invert: shown.invert, rotation, flip_horizontal: shown.flipH, views: [view] }
}

/** The images that a view of a state is for. */
export function imagesOf(studyInstanceUid: string, { images }: Pick<StateView, 'images'>): string[] {
  return images.flatMap(({ series_instance_uid: seriesInstanceUid, sop_instance_uid: sopInstanceUid, frame_numbers: frames }) =>
    ((frames ?? []).length > 0 ? (frames ?? []) : [1]).map((frameNumber) => imageIdOf({ studyInstanceUid, seriesInstanceUid, sopInstanceUid, frameNumber })),
  )
}

/** A window of a state in the unit of our values: the state may have a modality look-up of its own. */
function windowIn(state: State, view: StateView, frame: Frame): Partial<Presentation> {
  const { slope, intercept, lut } = state.rescale
  if (!view.window || lut) return view.window || view.lut ? {} : { windowChosen: false }
  const [from, offset] = [slope ?? 1, intercept ?? 0]
  const { centre, width, function: voiFunction } = view.window
  const stored = (centre - offset) / from
  return { centre: stored * frame.slope + frame.intercept, width: (width / from) * frame.slope, voiFunction, windowChosen: true }
}

/** How a state shows this image. */
export function presentationOf(state: State, view: StateView, frame: Frame, pane: Pane): Partial<Presentation> {
  const placed = view.displayed_area ? placeOf(view.displayed_area, state.rotation, frame, pane) : { zoom: 1, pan: undefined }
  return {
    ...windowIn(state, view, frame),
    ...placed,
    invert: state.invert,
    rotation: state.rotation,
    flipH: state.flip_horizontal,
    flipV: false,
  }
}

/** What a state may hold that is not shown here. */
const LEFT_OUT = ['shutter', 'overlay', 'mask', 'presentation-lut', 'compound-graphics', 'modality-lut', 'voi-lut', 'voi-function', 'graphics', 'matrix-graphics', 'display-relative-graphics', 'other-study', 'colour-profile'] as const
export type LeftOutWord = (typeof LEFT_OUT)[number]

export const isLeftOutWord = (word: string): word is LeftOutWord => (LEFT_OUT as readonly string[]).includes(word)

/** Said by the server, and the tables that a window cannot stand for. */
export function leftOutOf({ not_shown, views }: Pick<State, 'not_shown' | 'views'>): string[] {
  return [...new Set([...not_shown, ...(views.some(({ lut }) => lut) ? ['voi-lut'] : [])])]
}
