/** One 2-D viewport: a stack of frames on an element, its commands, and the state that the overlay reads. */
import { Enums, eventTarget, type StackViewport } from '@cornerstonejs/core'

import type { VoiFunction, WindowSetting } from '../dicomweb/frame'
import type { Voi } from '../dicomweb/voi'
import { createStore, type Store } from '../kit/store'
import { centreOn, flip, type FlipAxis, place, rotate, upright } from './camera'
import { engine } from './cornerstone'
import { type ImagePoint, type ScreenPoint, toImage, toScreen } from './geometry'
import { Film } from './film'
import { Greys } from './greys'
import { FrameFailure } from './loader'
import { Prefetch } from './prefetch'
import type { Presentation } from './presentation'
import { isNegative, presentedAs, shownWith } from './shown'
import { insideOf, replaceStack } from './stack-inside'
import { noToolsFor, toolsFor } from './tools'
import { NOTHING, type ViewState } from './view-state'

const { Events, ViewportType } = Enums
const nothing = () => undefined

export class StackView {
  readonly state: Store<ViewState> = createStore<ViewState>(NOTHING)
  readonly prefetch = new Prefetch()
  readonly film = new Film({
    stack: () => this.imageIds,
    index: () => this.state.get().index,
    rate: () => this.state.get().framesPerSecond,
    show: (index) => this.scrollTo(index),
    onPlaying: (playing) => this.state.set((now) => ({ ...now, playing })),
  })
  private readonly viewport: StackViewport
  private readonly greys: Greys
  private readonly resizing: ResizeObserver
  private imageIds: readonly string[] = []
  /** Whether anyone has moved through this stack yet. */
  private moved = false
  /** False while more images of the stack are still to be named. */
  private whole = false
  /** The index asked for while the stack did not reach so far; gone to as far as it grows. */
  private beyond: number | undefined
  /** The image that the next rendering shows. */
  private arrived: string | undefined

  constructor(
    readonly id: string,
    private readonly element: HTMLDivElement,
  ) {
    engine().enableElement({ viewportId: id, element, type: ViewportType.STACK, defaultOptions: { background: [0, 0, 0] } })
    this.viewport = engine().getViewport(id) as StackViewport
    this.greys = new Greys(this.viewport)
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
    this.greys.destroy()
    engine().disableElement(this.id)
  }

  /** Shows another stack from its first image on. The first image may still be without metadata. */
  async show(imageIds: readonly string[], whole: boolean): Promise<void> {
    this.clear(imageIds)
    this.whole = whole
    await this.viewport.setStack([...imageIds], 0).catch(() => undefined)
  }

  /** Shows nothing until an image of the stack is here: never what was there before. */
  clear(imageIds: readonly string[] = []): void {
    this.pause()
    this.moved = false
    this.whole = false
    this.beyond = undefined
    this.arrived = undefined
    this.greys.forget()
    this.imageIds = imageIds
    this.state.set((now) => ({ ...NOTHING, framesPerSecond: now.framesPerSecond, phase: 'loading', count: imageIds.length }))
  }

  /** Takes more, or differently ordered, images of the same stack without touching what is on screen. */
  extend(imageIds: readonly string[], whole: boolean): void {
    const current = this.imageIds[this.state.get().index]
    const index = Math.max(0, current === undefined ? 0 : imageIds.indexOf(current))
    this.imageIds = imageIds
    replaceStack(this.viewport, imageIds, index)
    this.state.set((now) => ({
      ...now,
      index,
      count: imageIds.length,
      shownIndex: Math.max(0, now.imageId === undefined ? 0 : imageIds.indexOf(now.imageId)),
    }))
    this.whole = whole
    if (this.beyond !== undefined) void this.scrollTo(this.beyond)
  }

  startPrefetch(): void {
    if (!this.moved && this.state.get().index > 0) void this.scrollTo(0)
    this.prefetch.start(this.imageIds, this.state.get().index)
  }

  scrollTo(index: number): Promise<void> {
    const wanted = Math.max(0, Math.min(this.imageIds.length - 1, index))
    this.beyond = index > wanted && !this.whole ? index : undefined
    if (this.imageIds.length === 0) return Promise.resolve()
    this.wants(wanted)
    return this.viewport.setImageIdIndex(wanted).then(nothing, nothing)
  }

  step(by: number): Promise<void> {
    return this.scrollTo((this.beyond ?? this.state.get().index) + by)
  }

  /** Asks again for an image that failed; it would not be if its index were still the current one. */
  retry(): Promise<void> {
    insideOf(this.viewport).currentImageIdIndex = -1
    return this.scrollTo(this.state.get().index)
  }

  /** A window of the reader's; the function of the file goes on where none is named. */
  setWindow(setting: WindowSetting, voiFunction?: VoiFunction): void {
    this.greys.chooseWindow(setting, voiFunction)
    this.viewport.render()
  }

  /** One of the windows or tables of the file, or any other. */
  setVoi(voi: Voi): void {
    this.greys.choose(voi)
    this.viewport.render()
  }

  toggleInvert(): void {
    this.setInvert(!this.viewport.getProperties().invert)
    this.viewport.render()
  }

  rotate(degrees: number): void {
    rotate(this.viewport, degrees)
    this.viewport.render()
  }

  flip(axis: FlipAxis): void {
    flip(this.viewport, axis)
    this.viewport.render()
  }

  zoomBy(factor: number): void {
    this.viewport.setZoom(this.viewport.getZoom() * factor)
    this.viewport.render()
  }

  reset(): void {
    upright(this.viewport)
    this.viewport.resetCamera()
    this.setInvert(isNegative(this.state.get().imageId))
    this.greys.forget()
    this.viewport.render()
  }

  /** How the stack is shown now; undefined while no image is. */
  presentation(): Presentation | undefined {
    const { imageId, shownIndex } = this.state.get()
    return imageId === undefined ? undefined : presentedAs(this.viewport, this.greys, imageId, shownIndex)
  }

  /** Shows the stack so; what is left out stays as it is. Resolves when the image is on the screen. */
  async apply(wanted: Partial<Presentation>): Promise<void> {
    const named = wanted.imageId === undefined ? -1 : this.imageIds.indexOf(wanted.imageId)
    const index = named >= 0 ? named : wanted.index
    if (index !== undefined && index !== this.state.get().index) await this.scrollTo(index)
    const now = this.presentation()
    if (!now) return
    this.layGreys(wanted)
    place(this.viewport, { ...now, ...wanted })
    this.viewport.render()
  }

  /** Where an image point is on the screen (CSS pixels of this viewport); undefined while there is no image. */
  toScreen(point: ImagePoint): ScreenPoint | undefined {
    return toScreen(this.viewport, point)
  }

  toImage(point: ScreenPoint): ImagePoint | undefined {
    return toImage(this.viewport, point)
  }

  /** Tells of every change of what is on the screen: image, window, camera. The returned function ends it. */
  onChange(listener: (view: StackView) => void): () => void {
    return this.state.subscribe(() => listener(this))
  }

  /** The frames of the stack, in their order. */
  stack(): readonly string[] {
    return this.imageIds
  }

  private layGreys({ centre, width, voiFunction, voiTable, windowChosen, invert }: Partial<Presentation>): void {
    if (invert !== undefined) this.setInvert(invert !== isNegative(this.state.get().imageId))
    if (windowChosen === false) this.greys.forget()
    else if (voiTable !== undefined) this.greys.choose({ kind: 'table', index: voiTable })
    else if (centre !== undefined && width !== undefined) this.greys.chooseWindow({ centre, width }, voiFunction)
  }

  private setInvert(invert: boolean): void {
    this.viewport.setProperties({ invert })
    this.greys.lay()
  }

  /** Brings an image point to the middle of the viewport. */
  centreOn(point: ImagePoint): void {
    centreOn(this.viewport, point)
    this.viewport.render()
  }

  play(): void {
    this.film.play()
  }

  pause(): void {
    this.film.pause()
  }

  setFrameRate(framesPerSecond: number): void {
    this.state.set((now) => ({ ...now, framesPerSecond }))
    this.film.again()
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
    this.prefetch.aim(index)
  }

  private readonly onScroll = (event: Event): void => {
    const { newImageIdIndex } = (event as CustomEvent<{ newImageIdIndex: number }>).detail
    this.wants(newImageIdIndex)
  }

  private readonly onImage = (event: Event): void => {
    const first = this.arrived === undefined
    this.arrived = (event as CustomEvent<{ imageId: string }>).detail.imageId
    // Said in so many words, because without graphics cornerstone turns MONOCHROME1 round without saying so.
    if (first) this.viewport.setProperties({ invert: isNegative(this.arrived) })
    this.greys.onImage()
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
      ...shownWith(this.viewport, imageId, this.greys.current()),
      imageId,
      shownIndex,
      phase: shownIndex === now.index ? 'shown' : 'loading',
    }))
  }

  private takeFrameRate(imageId: string): void {
    const rate = this.film.take(imageId)
    if (rate !== undefined) this.setFrameRate(Math.round(rate * 100) / 100)
  }

  private readonly onFailure = (event: Event): void => {
    const { imageId, error } = (event as CustomEvent<{ imageId: string; error: unknown }>).detail
    if (imageId !== this.imageIds[this.state.get().index]) return
    const failure = error instanceof FrameFailure ? error.reason : 'undecodable'
    this.state.set((now) => ({ ...now, phase: 'failed', failure, imageId: undefined }))
  }
}
