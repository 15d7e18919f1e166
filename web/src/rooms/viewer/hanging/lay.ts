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

/** How far the edge of the image at the chest wall is from the edge of the viewport, CSS pixels; undefined while unknown. */
function awayFromEdge(view: StackView, side: 'left' | 'right'): { readonly by: number; readonly middle: ImagePoint } | undefined {
  const shown = view.presentation()
  const frame = frameOf(shown?.imageId)
  if (!frame || !shown?.pan) return undefined
  // Asked of the viewport, which was perhaps mirrored a moment ago: its state is of what was drawn last.
  const places = [0, frame.columns].map((column) => view.toScreen([column, shown.pan?.[1] ?? 0])?.[0] ?? 0)
  const [middle, down] = view.toScreen(shown.pan) ?? []
  if (middle === undefined || down === undefined) return undefined
  const edge = side === 'right' ? Math.max(...places) : Math.min(...places)
  const by = edge - (side === 'right' ? middle * 2 : 0)
  const wanted = view.toImage([middle + by, down])
  return wanted && { by, middle: wanted }
}

async function laid(view: StackView, hung: HungSeries, imageId: string | undefined): Promise<void> {
  const window = hung.window && { centre: hung.window.centre, width: hung.window.width, windowChosen: true }
  const { invert, rotation, flipHorizontal, flipVertical, chestWall } = hung
  const mirrored = chestWall === null ? { flipH: flipHorizontal, flipV: flipVertical } : {}
  await view.apply({ ...(imageId === undefined ? {} : { imageId }), ...window, invert, rotation, ...mirrored })
  const now = chestWallOf(view)
  if (chestWall !== null && now !== null && now !== chestWall) view.flip('horizontal')
}

const MOST_TIMES = 50

/**
 * Brings the edge of the image at the chest wall to the edge of the viewport, so that two breasts meet in the middle: now, and again
 * whenever it has left it (another size of the viewport, a better image), until the reader touches the picture.
 */
function keptJustified(view: StackView, wanted: Wanted, side: 'left' | 'right'): () => void {
  let times = 0
  const attempt = () => {
    const away = times < MOST_TIMES && shows(view, wanted) ? awayFromEdge(view, side) : undefined
    if (!away || Math.abs(away.by) < 1) return
    times += 1
    view.centreOn(away.middle)
  }
  const touched = (event: Event) => {
    const inPicture = event.target instanceof Element && event.target.closest(`[data-viewport="${view.id}"]`) !== null
    if (inPicture || event.type === 'keydown') times = MOST_TIMES
  }
  const kinds = ['pointerdown', 'wheel', 'keydown'] as const
  for (const kind of kinds) document.addEventListener(kind, touched, { capture: true, passive: true })
  const end = view.state.subscribe(attempt)
  attempt()
  return () => {
    end()
    for (const kind of kinds) document.removeEventListener(kind, touched, { capture: true })
  }
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
