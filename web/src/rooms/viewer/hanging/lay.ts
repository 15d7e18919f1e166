/** Lays on a viewport what a hanging asks for, as soon as its image is on the screen. */
import { edgeLetters } from '../../../dicomweb/orientation'
import { keyOf } from '../../../dicomweb/addresses'
import type { ImagePoint } from '../../../viewport/geometry'
import { frameOf } from '../../../viewport/known-frames'
import type { StackView } from '../../../viewport/stack-view'
import type { HungSeries } from './arrange'

/** The side of the screen at which the chest wall is: posterior is behind the breast (PS3.3 C.7.6.1.1.1, C.8.11.7). */
export function chestWallOf(view: StackView): 'left' | 'right' | null {
  const { imageId, axes } = view.state.get()
  const frame = frameOf(imageId)
  const letters = frame && axes && edgeLetters(frame, axes)
  if (letters?.right.startsWith('P')) return 'right'
  return letters?.left.startsWith('P') ? 'left' : null
}

/** Brings the edge of the image at the chest wall to the edge of the viewport, so that two breasts meet in the middle. */
function justify(view: StackView, side: 'left' | 'right'): void {
  const shown = view.presentation()
  const frame = frameOf(shown?.imageId)
  if (!frame || !shown?.pan) return
  // Asked of the viewport, which was perhaps mirrored a moment ago: its state is of what was drawn last.
  const places = [0, frame.columns].map((column) => view.toScreen([column, shown.pan?.[1] ?? 0])?.[0] ?? 0)
  const [middle, down] = view.toScreen(shown.pan) ?? []
  if (middle === undefined || down === undefined) return
  const edge = side === 'right' ? Math.max(...places) : Math.min(...places)
  const centre = view.toImage([middle + edge - (side === 'right' ? middle * 2 : 0), down])
  if (centre) view.centreOn(centre)
}

async function laid(view: StackView, hung: HungSeries, imageId: string | undefined): Promise<void> {
  const window = hung.window && { centre: hung.window.centre, width: hung.window.width, windowChosen: true }
  const { invert, rotation, flipHorizontal, flipVertical, chestWall } = hung
  const mirrored = chestWall === null ? { flipH: flipHorizontal, flipV: flipVertical } : {}
  await view.apply({ ...(imageId === undefined ? {} : { imageId }), ...window, invert, rotation, ...mirrored })
  const now = chestWallOf(view)
  if (chestWall !== null && now !== null && now !== chestWall) view.flip('horizontal')
}

/** At the edge now, and again when the viewport gets another size (layouts change, panels open), until the reader moves the picture. */
function keptJustified(view: StackView, wanted: Wanted, side: 'left' | 'right'): () => void {
  let at: { readonly middle: number; readonly pan: ImagePoint } | undefined
  let moved = false
  const attempt = () => {
    const pan = !moved && shows(view, wanted) ? view.presentation()?.pan : undefined
    const middle = pan && view.toScreen(pan)?.[0]
    if (!pan || middle === undefined) return
    if (at && Math.abs(middle - at.middle) < 1) {
      moved = Math.hypot(pan[0] - at.pan[0], pan[1] - at.pan[1]) > 0.5
      return
    }
    justify(view, side)
    at = { middle, pan: view.presentation()?.pan ?? pan }
  }
  attempt()
  return view.state.subscribe(attempt)
}

/** The series that a viewport is to show, and how to find the image to begin with. */
export interface Wanted {
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  /** undefined: any image will do. */
  readonly isImage: ((imageId: string) => boolean) | undefined
}

/** Whether a viewport shows the series, its first image at least. */
function shows(view: StackView, { studyInstanceUid, seriesInstanceUid }: Wanted): boolean {
  const { imageId } = view.state.get()
  if (imageId === undefined) return false
  const key = keyOf(imageId)
  return key.studyInstanceUid === studyInstanceUid && key.seriesInstanceUid === seriesInstanceUid
}

/** Runs once, as soon as the series is on the screen and the image is among those that are known. The returned function gives up. */
export function whenShown(view: StackView, wanted: Wanted, act: (imageId: string | undefined) => void): () => void {
  let over = false
  let end = () => undefined as void
  const attempt = () => {
    if (over || !shows(view, wanted)) return
    const imageId = wanted.isImage && view.stack().find(wanted.isImage)
    if (wanted.isImage && imageId === undefined) return
    over = true
    end()
    act(imageId)
  }
  end = view.state.subscribe(attempt)
  attempt()
  return () => {
    over = true
    end()
  }
}

/** Waits for the image, then lays it once. The returned function gives up, and lets a chest wall go from its edge. */
export function layWhenShown(view: StackView, hung: HungSeries): () => void {
  const { sopInstanceUid, chestWall } = hung
  const isImage = sopInstanceUid === undefined ? undefined : (imageId: string) => keyOf(imageId).sopInstanceUid === sopInstanceUid
  const wanted = { ...hung, isImage }
  let [over, letGo] = [false, () => undefined as void]
  const giveUp = whenShown(view, wanted, (imageId) => {
    void laid(view, hung, imageId).then(() => {
      if (!over && chestWall !== null && chestWallOf(view) !== null) letGo = keptJustified(view, wanted, chestWall)
    })
  })
  return () => {
    over = true
    giveUp()
    letGo()
  }
}
