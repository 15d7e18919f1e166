/** Addresses of DICOMweb (PS3.18) and the names we give frames. Both hold UIDs only, never names. */

const ROOT = '/dicom-web'
const SCHEME = 'isocenter'

export interface SeriesKey {
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
}

export interface FrameKey extends SeriesKey {
  readonly sopInstanceUid: string
  /** From 1. */
  readonly frameNumber: number
}

export function seriesAddress({ studyInstanceUid, seriesInstanceUid }: SeriesKey): string {
  return `${ROOT}/studies/${studyInstanceUid}/series/${seriesInstanceUid}`
}

export function instanceAddress(key: SeriesKey & { readonly sopInstanceUid: string }): string {
  return `${seriesAddress(key)}/instances/${key.sopInstanceUid}`
}

export function frameAddress(key: FrameKey): string {
  return `${instanceAddress(key)}/frames/${key.frameNumber}`
}

/** The id by which cornerstone knows a frame. */
export function imageIdOf(key: FrameKey): string {
  return `${SCHEME}:${key.studyInstanceUid}/${key.seriesInstanceUid}/${key.sopInstanceUid}/${key.frameNumber}`
}

export function keyOf(imageId: string): FrameKey {
  const [study, series, instance, frame] = imageId.slice(SCHEME.length + 1).split('/')
  return {
    studyInstanceUid: study ?? '',
    seriesInstanceUid: series ?? '',
    sopInstanceUid: instance ?? '',
    frameNumber: Number(frame),
  }
}

const OCTETS = 'multipart/related; type="application/octet-stream"'
const HTJ2K_LOSSLESS = '1.2.840.10008.1.2.4.201'

/** Frames as they lie; where a frame lies compressed too, that, because it is less than half as long and kept so in memory. */
export const FRAME_ACCEPT = `${OCTETS}; transfer-syntax=${HTJ2K_LOSSLESS}, ${OCTETS}; transfer-syntax=*`
export const IMAGE_SCHEME = SCHEME
