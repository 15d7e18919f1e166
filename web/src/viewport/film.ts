/** The film of one stack: its rate, range and way of repeating, and whether it runs. */
import { durationOf, durationsOf, type FilmMode, rateOf, reelOf, wishesOf } from '../dicomweb/film-timing'
import { createStore, type Store } from '../kit/store'
import { playFilm } from './cine'
import { frameOf } from './known-frames'

export interface FilmState {
  readonly mode: FilmMode
  /** First and last image of the range, from 0; undefined: the whole stack. */
  readonly range: readonly [first: number, last: number] | undefined
  /** Images per second that reached the screen; undefined while it stands. */
  readonly measured: number | undefined
  /** Whether the file says when each image is due; else the usual rate is used. */
  readonly timed: boolean
}

const FRESH: FilmState = { mode: 'loop', range: undefined, measured: undefined, timed: false }

export interface FilmStage {
  stack(): readonly string[]
  /** The image on screen, from 0. */
  index(): number
  rate(): number
  show(index: number): Promise<void>
  onPlaying(playing: boolean): void
}

export class Film {
  readonly state: Store<FilmState> = createStore<FilmState>(FRESH)
  private stop: (() => void) | undefined

  constructor(private readonly stage: FilmStage) {}

  /** Another stack: what its file wishes. Returns the rate at which it was recorded, undefined where it does not say. */
  take(imageId: string): number | undefined {
    const frame = frameOf(imageId)
    if (!frame) return undefined
    const wishes = wishesOf(frame)
    const trimmed = frame.frameCount === this.stage.stack().length && wishes.last - wishes.first + 1 < frame.frameCount
    const timed = durationOf(frame) !== undefined
    this.state.set(() => ({ ...FRESH, mode: wishes.mode, range: trimmed ? [wishes.first, wishes.last] : undefined, timed }))
    return timed ? rateOf(this.durations()) : undefined
  }

  play(): void {
    const images = this.stage.stack()
    if (this.stop || images.length < 2) return
    const { mode, range } = this.state.get()
    const [first, last] = [Math.max(0, range?.[0] ?? 0), Math.min(images.length - 1, range?.[1] ?? images.length - 1)]
    const reel = reelOf({ durations: this.durations(), first, last, mode, rate: this.stage.rate() })
    const from = this.stage.index()
    this.stop = playFilm({
      reel,
      from: from >= first && from <= last && !(mode === 'once' && from === last) ? from : first,
      show: (index) => this.stage.show(index),
      measured: (measured) => this.state.set((now) => ({ ...now, measured })),
      ended: () => this.pause(),
    })
    this.stage.onPlaying(true)
  }

  pause(): void {
    this.stop?.()
    this.stop = undefined
    this.state.set((now) => ({ ...now, measured: undefined }))
    this.stage.onPlaying(false)
  }

  setMode(mode: FilmMode): void {
    this.state.set((now) => ({ ...now, mode }))
    this.again()
  }

  /** undefined: the whole stack. */
  setRange(range: readonly [first: number, last: number] | undefined): void {
    this.state.set((now) => ({ ...now, range: range && range[0] < range[1] ? range : undefined }))
    this.again()
  }

  /** Goes on with what has been changed, if it runs. */
  again(): void {
    if (!this.stop) return
    this.pause()
    this.play()
  }

  private durations(): number[] {
    return durationsOf(this.stage.stack().map(frameOf))
  }
}
