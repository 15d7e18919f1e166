/** The series that a segmentation, map or structure set belongs to, in its own words. */
import { type DataSet, items, text } from './json'

const T = {
  SeriesInstanceUID: '0020000E',
  ReferencedSeries: '00081115',
  ReferencedFrameOfReference: '30060010',
  RTReferencedStudy: '30060012',
  RTReferencedSeries: '30060014',
} as const

/** Common Instance Reference (PS3.3 C.12.2), and the Referenced Frame of Reference Sequence of structure sets (C.8.8.5). */
export function referencedSeries(dataSet: DataSet): string[] {
  const common = items(dataSet, T.ReferencedSeries)
  const radiotherapy = items(dataSet, T.ReferencedFrameOfReference)
    .flatMap((frame) => items(frame, T.RTReferencedStudy))
    .flatMap((study) => items(study, T.RTReferencedSeries))
  const uids = [...common, ...radiotherapy].flatMap((one) => text(one, T.SeriesInstanceUID) ?? [])
  return [...new Set(uids)]
}
