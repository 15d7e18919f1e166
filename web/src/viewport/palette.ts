/** Palettes of PALETTE COLOR images (PS3.3 C.7.6.3.1.5): fetched once per instance, kept for its frames. */
import type { Frame } from '../dicomweb/frame'
import { numbers } from '../dicomweb/json'
import { bytesOf, type FetchBytes, words } from '../dicomweb/lut'
import { TAG } from '../dicomweb/tags'

export interface Palette {
  readonly descriptors: readonly [number[], number[], number[]]
  readonly tables: readonly [Uint16Array, Uint16Array, Uint16Array]
}

const fetched = new Map<string, Promise<Palette>>()
const ready = new Map<string, Palette>()

async function tableOf(frame: Frame, data: string, descriptor: string, fetchBytes: FetchBytes): Promise<Uint16Array> {
  const bytes = await bytesOf(frame.dataSet[data], fetchBytes)
  if (!bytes) throw new Error('palette without data')
  const [count, , bits] = numbers(frame.dataSet, descriptor)
  const entries = count || 65536
  return bits === 8 && bytes.byteLength < entries * 2 ? Uint16Array.from(bytes) : words(bytes)
}

async function read(frame: Frame, fetchBytes: FetchBytes): Promise<Palette> {
  const [red, green, blue] = await Promise.all([
    tableOf(frame, TAG.RedPaletteData, TAG.RedPaletteDescriptor, fetchBytes),
    tableOf(frame, TAG.GreenPaletteData, TAG.GreenPaletteDescriptor, fetchBytes),
    tableOf(frame, TAG.BluePaletteData, TAG.BluePaletteDescriptor, fetchBytes),
  ])
  const descriptor = (tag: string) => numbers(frame.dataSet, tag)
  return {
    descriptors: [descriptor(TAG.RedPaletteDescriptor), descriptor(TAG.GreenPaletteDescriptor), descriptor(TAG.BluePaletteDescriptor)],
    tables: [red, green, blue],
  }
}

/** Makes the palette of a frame known, if it has one, before the frame is decoded. */
export async function fetchPalette(frame: Frame, fetchBytes: FetchBytes): Promise<void> {
  if (frame.photometricInterpretation !== 'PALETTE COLOR') return
  const key = frame.sopInstanceUid
  const pending = fetched.get(key) ?? read(frame, fetchBytes)
  fetched.set(key, pending)
  try {
    ready.set(key, await pending)
  } catch (error) {
    fetched.delete(key)
    throw error
  }
}

export function paletteOf(frame: Frame): Palette | undefined {
  return ready.get(frame.sopInstanceUid)
}

export function forgetPalettes(): void {
  fetched.clear()
  ready.clear()
}
