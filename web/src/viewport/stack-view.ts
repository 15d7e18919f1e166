/** One 2-D viewport: a stack of frames on an element, its commands, and the state that the overlay reads. */
import { Enums, eventTarget, getShouldUseCPURendering, type StackViewport, type Types } from '@cornerstonejs/core'

import type { WindowSetting } from '../dicomweb/frame'
import type { ScreenAxes } from '../dicomweb/orientation'
import { createStore, type Store } from '../kit/store'
import { playFilm } from './cine'
import { engine } from './cornerstone'
import { frameOf } from './known-frames'
import { FrameFailure } from './loader'
import { Prefetch } from './prefetch'
import { noToolsFor, toolsFor } from './tools'
import { NOTHING, type ViewState } from './view-state'
import { rangeOf, windowOf } from './window'

const { Events, ViewportType } = Enums

/** cornerstone keeps these to itself, but a stack that grows must not be set anew: that would blank the canvas and lose the window. */
interface StackInside {
  imageIds: string[]
  imageKeyToIndexMap: Map<string, number>
  currentImageIdIndex: number
  targetImageIdIndex: number
  /** Whether the window was chosen, and is kept from image to image. */
  voiUpdatedWithSetProperties: boolean
}

export class StackView {
  readonly state: Store<ViewState> = createStore<ViewState>(NOTHING)
  readonly prefetch = new Prefetch()
  private readonly viewport: StackViewport
  private readonly resizing: ResizeObserver
  private imageIds: readonly string[] = []
  /** Whether anyone has moved through this stack yet. */
  private moved = false
  /** The image that the next rendering shows. */
  private arrived: string | undefined
  private stopFilm: (() => void) | undefined

  constructor(
    readonly id: string,
    private readonly element: HTMLDivElement,
  ) {
    engine().enableElement({ viewportId: id, element, type: ViewportType.STACK, defaultOptions: { background: [0, 0, 0] } })
    this.viewport = engine().getViewport(id) as StackViewport
    toolsFor(id, engine().id)
    element.addEventListener(Events.STACK_NEW_IMAGE, this.onImage)
    element.addEventListener(Events.IMAGE_RENDERED, this.onRendered)
    element.addEventListener(Events.STACK_VIEWPORT_SCROLL, this.onScroll)
    eventTarget.addEventListener(Events.IMAGE_LOAD_FAILED, this.onFailure)
    this.resizing = new ResizeObserver(() => engine().resize(true, true))
    this.resizing.observe(element)
  }

  destroy(): void {
    this.pause()
    this.prefetch.stop()
    this.resizing.disconnect()
    this.element.removeEventListener(Events.STACK_NEW_IMAGE, this.onImage)
    this.element.removeEventListener(Events.IMAGE_RENDERED, this.onRendered)
    this.element.removeEventListener(Events.STACK_VIEWPORT_SCROLL, this.onScroll)
    eventTarget.removeEventListener(Events.IMAGE_LOAD_FAILED, this.onFailure)
    noToolsFor(this.id, engine().id)
    engine().disableElement(this.id)
  }

  /** Shows another stack from its first image on. The first image may still be without metadata. */
  async show(imageIds: readonly string[]): Promise<void> {
    this.pause()
    this.moved = false
    this.arrived = undefined
    this.imageIds = imageIds
    this.state.set((now) => ({ ...NOTHING, framesPerSecond: now.framesPerSecond, phase: 'loading', count: imageIds.length }))
    await this.viewport.setStack([...imageIds], 0).catch(() => undefined)
  }

  /** Takes more, or differently ordered, images of the same stack without touching what is on screen. */
  extend(imageIds: readonly string[]): void {
    const current = this.imageIds[this.state.get().index]
    const index = Math.max(0, current === undefined ? 0 : imageIds.indexOf(current))
    this.imageIds = imageIds
    const inside = this.viewport as unknown as StackInside
    inside.imageIds = [...imageIds]
    inside.imageKeyToIndexMap.clear()
    for (const [at, imageId] of imageIds.entries()) {
      inside.imageKeyToIndexMap.set(imageId, at)
      inside.imageKeyToIndexMap.set(imageId.slice(imageId.indexOf(':') + 1), at)
    }
    inside.currentImageIdIndex = index
    inside.targetImageIdIndex = index
    this.state.set((now) => ({
      ...now,
      index,
      count: imageIds.length,
      shownIndex: Math.max(0, now.imageId === undefined ? 0 : imageIds.indexOf(now.imageId)),
    }))
  }

  startPrefetch(): void {
    if (!this.moved && this.state.get().index > 0) void this.scrollTo(0)
    this.prefetch.start(this.imageIds, this.state.get().index)
  }

  scrollTo(index: number): Promise<void> {
    const wanted = Math.max(0, Math.min(this.imageIds.length - 1, index))
    if (this.imageIds.length === 0) return Promise.resolve()
    this.wants(wanted)
    return this.viewport.setImageIdIndex(wanted).then(
      () => undefined,
      () => undefined,
    )
  }

  step(by: number): Promise<void> {
    return this.scrollTo(this.state.get().index + by)
  }

  /** Asks again for an image that failed. */
  retry(): Promise<void> {
    // An index that is current already would not be loaded again.
    ;(this.viewport as unknown as StackInside).currentImageIdIndex = -1
    return this.scrollTo(this.state.get().index)
  }

  setWindow(setting: WindowSetting): void {
    const frame = frameOf(this.state.get().imageId)
    this.viewport.setProperties({ voiRange: rangeOf(setting, frame?.voiFunction) })
    this.viewport.render()
  }

  toggleInvert(): void {
    this.viewport.setProperties({ invert: !this.viewport.getProperties().invert })
    this.viewport.render()
  }

  rotate(degrees: number): void {
    const { rotation = 0 } = this.viewport.getViewPresentation()
    this.viewport.setViewPresentation({ rotation: (((rotation + degrees) % 360) + 360) % 360 })
    this.viewport.render()
  }

  flip(axis: 'horizontal' | 'vertical'): void {
    const { flipHorizontal = false, flipVertical = false } = this.viewport.getCamera()
    this.viewport.setCamera(axis === 'horizontal' ? { flipHorizontal: !flipHorizontal } : { flipVertical: !flipVertical })
    // Without graphics the picture is flipped before it is turned; turned the other way, that is the flip seen on screen.
    if (getShouldUseCPURendering()) this.rotate(-2 * (this.viewport.getViewPresentation().rotation ?? 0))
    this.viewport.render()
  }

  zoomBy(factor: number): void {
    this.viewport.setZoom(this.viewport.getZoom() * factor)
    this.viewport.render()
  }

  reset(): void {
    this.viewport.setCamera({ flipHorizontal: false, flipVertical: false })
    this.viewport.setViewPresentation({ rotation: 0 })
    this.viewport.resetCamera()
    this.resetGreys()
    this.viewport.render()
  }

  play(): void {
    if (this.stopFilm || this.imageIds.length < 2) return
    this.stopFilm = playFilm({
      advance: () => this.scrollTo((this.state.get().index + 1) % this.imageIds.length),
      framesPerSecond: () => this.state.get().framesPerSecond,
    })
    this.state.set((now) => ({ ...now, playing: true }))
  }

  pause(): void {
    this.stopFilm?.()
    this.stopFilm = undefined
    this.state.set((now) => ({ ...now, playing: false }))
  }

  setFrameRate(framesPerSecond: number): void {
    this.state.set((now) => ({ ...now, framesPerSecond }))
  }

  private wants(index: number): void {
    const imageId = this.imageIds[index]
    this.moved = true
    this.state.set((now) => ({
      ...now,
      index,
      failure: undefined,
      phase: now.imageId !== undefined && now.imageId === imageId ? 'shown' : 'loading',
    }))
  }

  private readonly onScroll = (event: Event): void => {
    const { newImageIdIndex } = (event as CustomEvent<{ newImageIdIndex: number }>).detail
    this.wants(newImageIdIndex)
  }

  private readonly onImage = (event: Event): void => {
    const first = this.arrived === undefined
    this.arrived = (event as CustomEvent<{ imageId: string }>).detail.imageId
    // Said in so many words, because without graphics cornerstone turns MONOCHROME1 round without saying so.
    if (first) this.viewport.setProperties({ invert: this.isNegative(this.arrived) })
    this.prefetch.aim(this.state.get().index)
  }

  /** The canvas has changed: from here on the words may say what it shows. */
  private readonly onRendered = (): void => {
    const imageId = this.arrived
    const shownIndex = imageId === undefined ? -1 : this.imageIds.indexOf(imageId)
    if (imageId === undefined || shownIndex < 0 || this.state.get().phase === 'failed') return
    if (this.state.get().imageId === undefined) this.takeFrameRate(imageId)
    this.state.set((now) => ({
      ...now,
      ...this.presentation(imageId),
      imageId,
      shownIndex,
      phase: shownIndex === now.index ? 'shown' : 'loading',
    }))
  }

  /** The window and polarity of the image itself; cornerstone's own reset loses them for MONOCHROME1. */
  private resetGreys(): void {
    const { imageId } = this.state.get()
    const image = this.viewport.getCornerstoneImage() as Types.IImage | undefined
    if (typeof image?.windowCenter !== 'number' || typeof image.windowWidth !== 'number') return
    const voiRange = rangeOf({ centre: image.windowCenter, width: image.windowWidth }, frameOf(imageId)?.voiFunction)
    this.viewport.setProperties({ voiRange, invert: this.isNegative(imageId) })
    // From here on each image has its own window again.
    ;(this.viewport as unknown as StackInside).voiUpdatedWithSetProperties = false
  }

  private isNegative(imageId: string | undefined): boolean {
    return frameOf(imageId)?.photometricInterpretation === 'MONOCHROME1'
  }

  private takeFrameRate(imageId: string): void {
    const rate = frameOf(imageId)?.framesPerSecond
    if (rate !== undefined) this.setFrameRate(Math.round(rate))
  }

  private readonly onFailure = (event: Event): void => {
    const { imageId, error } = (event as CustomEvent<{ imageId: string; error: unknown }>).detail
    if (imageId !== this.imageIds[this.state.get().index]) return
    const failure = error instanceof FrameFailure ? error.reason : 'undecodable'
    this.state.set((now) => ({ ...now, phase: 'failed', failure, imageId: undefined }))
  }

  /** How the image is shown, as the viewport has it. */
  private presentation(imageId: string): Partial<ViewState> {
    const frame = frameOf(imageId)
    const { voiRange, invert = false } = this.viewport.getProperties()
    const { rotation = 0 } = this.viewport.getViewPresentation()
    const { flipHorizontal = false, flipVertical = false } = this.viewport.getCamera()
    const setting = voiRange && windowOf(voiRange, frame?.voiFunction)
    return {
      centre: setting?.centre,
      width: setting?.width,
      zoom: this.scale(),
      rotation: Math.round(rotation) % 360,
      flipHorizontal,
      flipVertical,
      inverted: invert !== this.isNegative(imageId),
      axes: this.axes(),
    }
  }

  /** Where a row and a column of the image point on the screen, measured by asking where three points of the canvas lie. */
  private axes(): ScreenAxes | undefined {
    const data = this.viewport.getImageData() as Types.IImageData | undefined
    const direction = data?.direction
    if (!direction) return undefined
    const [from, right, down] = [[0, 0], [100, 0], [0, 100]].map((point) => this.viewport.canvasToWorld(point as Types.Point2))
    if (!from || !right || !down) return undefined
    const along = (to: Types.Point3, offset: 0 | 3): number => {
      const parts = [0, 1, 2].map((axis) => ((to[axis] ?? 0) - (from[axis] ?? 0)) * (direction[offset + axis] ?? 0))
      return parts.reduce((sum, part) => sum + part, 0)
    }
    const unit = (x: number, y: number) => Math.hypot(x, y) || 1
    const [rowRight, rowDown] = [along(right, 0), along(down, 0)]
    const [columnRight, columnDown] = [along(right, 3), along(down, 3)]
    return {
      row: [rowRight / unit(rowRight, columnRight), rowDown / unit(rowDown, columnDown)],
      column: [columnRight / unit(rowRight, columnRight), columnDown / unit(rowDown, columnDown)],
    }
  }

  /** Screen pixels per image pixel. */
  private scale(): number {
    const data = this.viewport.getImageData() as Types.IImageData | undefined
    if (!data) return 1
    const [from, to] = [[0, 0], [100, 0]].map((point) => this.viewport.canvasToWorld(point as Types.Point2))
    if (!from || !to) return 1
    const mm = Math.hypot(...[0, 1, 2].map((axis) => (to[axis] ?? 0) - (from[axis] ?? 0)))
    return mm > 0 ? (100 * (data.spacing[0] ?? 1)) / mm : 1
  }
}
