/** Builders for tests: a frame that is like any other except in what the test says. */
import { describeFrame, type Frame } from './frame'
import type { DataSet } from './json'

export function aDataSet(elements: Record<string, readonly [vr: string, ...values: unknown[]]> = {}): DataSet {
  const base = {
    '00080018': ['UI', '1.2.3'],
    '00280010': ['US', 4],
    '00280011': ['US', 4],
    '00280100': ['US', 16],
    '00280004': ['CS', 'MONOCHROME2'],
  } as const
  return Object.fromEntries(Object.entries({ ...base, ...elements }).map(([tag, [vr, ...Value]]) => [tag, { vr, Value }]))
}

/** An axial slice at a height, unless told otherwise. */
export function aSlice(instanceNumber: number, z: number, orientation: readonly number[] = [1, 0, 0, 0, 1, 0]): Frame {
  const elements = {
    '00080018': ['UI', `1.2.${instanceNumber}`],
    '00200013': ['IS', instanceNumber],
    '00200032': ['DS', -100, -100, z],
    '00200037': ['DS', ...orientation],
  } as const
  return describeFrame(aDataSet(elements), 1)
}
