/** What a video object says of its frames, and what its stream really is (PS3.5 8.2.5 to 8.2.8). */
import { type DataSet, number } from './json'

const T = { FrameTime: '00181063', CineRate: '00180040', RecommendedDisplayFrameRate: '00082144', NumberOfFrames: '00280008' } as const

/** Frames per second as recorded: the time of a frame is exact, rates are whole numbers. Undefined where the file says none. */
export function recordedRate(dataSet: DataSet): number | undefined {
  const frameTimeMs = number(dataSet, T.FrameTime)
  if (frameTimeMs !== undefined && frameTimeMs > 0) return 1000 / frameTimeMs
  const rate = number(dataSet, T.CineRate) ?? number(dataSet, T.RecommendedDisplayFrameRate)
  return rate !== undefined && rate > 0 ? rate : undefined
}

export function recordedFrames(dataSet: DataSet): number | undefined {
  const count = number(dataSet, T.NumberOfFrames)
  return count !== undefined && count > 0 ? count : undefined
}

export type Container = 'mp4' | 'mpeg-ts' | 'mpeg-2' | 'unknown'

/** By its first bytes: only MP4 is played by browsers. head: at least 189 bytes where there are as many. */
export function containerOf(head: Uint8Array): Container {
  const word = String.fromCharCode(...head.subarray(4, 8))
  if (word === 'ftyp' || word === 'moov' || word === 'styp') return 'mp4'
  if (head[0] === 0x47 && (head.length < 189 || head[188] === 0x47)) return 'mpeg-ts'
  const start = head[0] === 0 && head[1] === 0 && head[2] === 1
  return start && (head[3] === 0xba || head[3] === 0xb3) ? 'mpeg-2' : 'unknown'
}

/** The frame at a time, from 1; a time that is a frame's beginning up to rounding counts to that frame. */
export function frameAt(seconds: number, rate: number, count: number | undefined): number {
  const frame = Math.floor(seconds * rate + 1e-3) + 1
  return Math.max(1, count === undefined ? frame : Math.min(count, frame))
}

/** A time well inside a frame, so that rounding never shows its neighbour. */
export function timeOf(frame: number, rate: number): number {
  return (frame - 0.5) / rate
}
