/** What one viewport shows right now: the overlay is written from this and from nothing else. */
import type { ScreenAxes } from '../dicomweb/orientation'
import type { Voi } from '../dicomweb/voi'
import type { FailureReason } from './loader'

export interface ViewState {
  readonly phase: 'empty' | 'loading' | 'shown' | 'failed'
  /** The image whose pixels are on the canvas; undefined while nothing right is. */
  readonly imageId: string | undefined
  /** Place of that image in the stack, from 0. */
  readonly shownIndex: number
  /** Where the user is, drawn or not, from 0. */
  readonly index: number
  readonly count: number
  readonly failure: FailureReason | undefined
  /** What maps values to grey; undefined for colour. */
  readonly voi: Voi | undefined
  /** Of the window; undefined for colour and while a table is used. */
  readonly centre: number | undefined
  readonly width: number | undefined
  readonly zoom: number
  readonly rotation: number
  readonly flipHorizontal: boolean
  readonly flipVertical: boolean
  readonly inverted: boolean
  readonly axes: ScreenAxes | undefined
  readonly playing: boolean
  readonly framesPerSecond: number
}

export const NOTHING: ViewState = {
  phase: 'empty',
  imageId: undefined,
  shownIndex: 0,
  index: 0,
  count: 0,
  failure: undefined,
  voi: undefined,
  centre: undefined,
  width: undefined,
  zoom: 1,
  rotation: 0,
  flipHorizontal: false,
  flipVertical: false,
  inverted: false,
  axes: undefined,
  playing: false,
  framesPerSecond: 15,
}
