/** The grey scale of one viewport: which window or table it shows with, laid on cornerstone with graphics and without. */
import { getShouldUseCPURendering, type StackViewport, type Types } from '@cornerstonejs/core'

import type { Frame, VoiFunction, WindowSetting } from '../dicomweb/frame'
import { firstVoi, rangeOf, shownGrey, spanOf, type Voi, windowOf } from '../dicomweb/voi'
import { type GreyFacts, greyFactsOf } from './grey'
import { greyNodes, samplesNeeded } from './grey-nodes'
import { frameOf } from './known-frames'

const CANVAS = '_cpuFallbackEnabledElement'

/** The part of cornerstone's drawing without graphics that takes a table of greys. */
interface CanvasInside {
  readonly [CANVAS]?: { viewport?: { voiLUT?: unknown; modality?: string } }
  cpuRenderingInvalidated: boolean
}

/** The part of vtk.js that maps values to colours. */
interface Drawn {
  getProperty(): {
    setUseLookupTableScalarRange(use: boolean): void
    getRGBTransferFunction(component: number): { setNodes(nodes: unknown[]): boolean } | undefined
  }
  getMapper(): { setColorTextureWidth?(width: number): boolean }
}

/** Below this range of values a step of one, as LINEAR has it, is too coarse. */
const FEW_VALUES = 32

let tableNumber = 0
const ofViewports = new Map<string, Greys>()

/** The grey scale of a viewport, for tools that know its id alone. */
export function greysOf(viewportId: string): Greys | undefined {
  return ofViewports.get(viewportId)
}

export class Greys {
  /** What the reader chose; undefined while every image is shown as its file asks. */
  private chosen: Voi | undefined

  constructor(private readonly viewport: StackViewport) {
    ofViewports.set(viewport.id, this)
  }

  destroy(): void {
    if (ofViewports.get(this.viewport.id) === this) ofViewports.delete(this.viewport.id)
  }

  /** What the image on the viewport is shown with; undefined for colour and while there is none. */
  current(): Voi | undefined {
    const facts = this.facts()
    const frame = this.frame()
    if (!facts || !frame) return undefined
    const { chosen } = this
    const possible = chosen && (chosen.kind === 'window' || facts.tables[chosen.index] !== undefined)
    return possible ? chosen : firstVoi(frame, facts.tables, facts.whole)
  }

  get isChosen(): boolean {
    return this.chosen !== undefined
  }

  choose(voi: Voi): void {
    this.chosen = voi
    this.lay()
  }

  /** From here on each image is shown as its file asks. */
  forget(): void {
    this.chosen = undefined
    this.lay()
  }

  /** A window of the reader's; the function of the file goes on where none is named. */
  chooseWindow({ centre, width }: WindowSetting, voiFunction?: VoiFunction): void {
    const now = this.current()
    const kept = voiFunction ?? (now?.kind === 'window' ? now.voiFunction : 'LINEAR')
    this.choose({ kind: 'window', centre, width: Math.max(width, kept === 'LINEAR' ? 1 : Number.MIN_VALUE), voiFunction: kept })
  }

  /** Widens by a drag to the right, darkens by a drag down; in steps of the window's own size. right, down: CSS pixels. */
  drag(right: number, down: number): void {
    const [facts, voi] = [this.facts(), this.current()]
    if (!facts || !voi) return
    const window = asWindow(voi, facts)
    const values = facts.whole.upper - facts.whole.lower
    const unit = Math.min(values / 128, Math.max(values / 8192, window.width / 256)) || 1
    const least = window.voiFunction === 'LINEAR' ? 1 : values / 1e4 || 1e-6
    this.choose({ ...window, width: Math.max(least, window.width + right * unit), centre: window.centre + down * unit })
  }

  /** A new image is on the viewport. Without graphics cornerstone has not finished with it when it says so. */
  onImage(): void {
    if (getShouldUseCPURendering()) queueMicrotask(() => this.lay())
    else this.lay()
  }

  /** Puts the grey scale on the image that the viewport has. Called after every change of image, polarity or window. */
  lay(): void {
    const [facts, voi] = [this.facts(), this.current()]
    const inverted = this.viewport.getProperties().invert ?? false
    if (getShouldUseCPURendering()) this.layOnCanvas(facts, voi, inverted)
    else if (facts && voi) this.layOnGraphics(facts, voi, inverted)
  }

  private image(): Types.IImage | undefined {
    return this.viewport.getCornerstoneImage() as Types.IImage | undefined
  }

  private facts(): GreyFacts | undefined {
    return greyFactsOf(this.image())
  }

  private frame(): Frame | undefined {
    return frameOf(this.image()?.imageId)
  }

  private layOnCanvas(facts: GreyFacts | undefined, voi: Voi | undefined, inverted: boolean): void {
    const inside = this.viewport as unknown as CanvasInside
    const [image, settings] = [this.image(), inside[CANVAS]?.viewport]
    if (!image || !settings) return
    inside.cpuRenderingInvalidated = true
    settings.voiLUT = undefined
    if (!facts || !voi) return
    // Our table takes the pixels as they are, whatever the slope; cornerstone sets this back with every image.
    image.isPreScaled = true
    // For PET cornerstone has a way of its own that knows no tables and would take the pixels for scaled ones.
    settings.modality = undefined
    const grey = shownGrey(voi, facts.tables, facts.scale, inverted)
    const [from, to] = [Math.floor(image.minPixelValue), Math.ceil(image.maxPixelValue)]
    // cornerstone inverts what comes out of the table, and takes its depth from the largest entry: one more of 255.
    const lut = Array.from({ length: to - from + 1 }, (_, at) => (inverted ? 255 - grey(from + at) : grey(from + at)))
    tableNumber += 1
    settings.voiLUT = { id: `greys-${tableNumber}`, firstValueMapped: from, lut: [...lut, 255] }
  }

  private layOnGraphics(facts: GreyFacts, voi: Voi, inverted: boolean): void {
    const actor = this.viewport.getDefaultActor()?.actor as unknown as Drawn | undefined
    const scale = actor?.getProperty().getRGBTransferFunction(0)
    if (!actor || !scale) return
    // Pixels that are no image are dark by themselves here (grey.ts).
    const nodes = greyNodes(voi, facts.tables, { ...facts.scale, padding: undefined }, inverted)
    actor.getProperty().setUseLookupTableScalarRange(true)
    actor.getMapper().setColorTextureWidth?.(samplesNeeded(nodes, voi))
    scale.setNodes(nodes.map(([x, grey]) => ({ x, r: grey, g: grey, b: grey, midpoint: 0.5, sharpness: 0 })))
  }
}

/** A window to go on from: a table becomes a line over its span; a line over few values gets steps smaller than one. */
function asWindow(voi: Voi, facts: GreyFacts): Extract<Voi, { kind: 'window' }> {
  if (voi.kind === 'table') return { kind: 'window', ...windowOf(spanOf(voi, facts.tables)), voiFunction: 'LINEAR' }
  if (voi.voiFunction !== 'LINEAR' || facts.whole.upper - facts.whole.lower >= FEW_VALUES) return voi
  return { kind: 'window', ...windowOf(rangeOf(voi), 'LINEAR_EXACT'), voiFunction: 'LINEAR_EXACT' }
}
