/** A picture that the server drew, as an image for the viewport: three bytes per pixel, no modality values. */
import { type Types, utilities } from '@cornerstonejs/core'

import type { Frame } from '../dicomweb/frame'

async function rgbOf(picture: Blob): Promise<{ width: number; height: number; rgb: Uint8Array }> {
  const bitmap = await createImageBitmap(picture)
  const { width, height } = bitmap
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (!context) throw new Error('no 2-D canvas')
  context.drawImage(bitmap, 0, 0)
  bitmap.close()
  const { data } = context.getImageData(0, 0, width, height)
  const rgb = new Uint8Array(width * height * 3)
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    rgb[to] = data[from] ?? 0
    rgb[to + 1] = data[from + 1] ?? 0
    rgb[to + 2] = data[from + 2] ?? 0
  }
  return { width, height, rgb }
}

export async function pictureImage(imageId: string, picture: Blob, frame: Frame): Promise<Types.IImage> {
  const { width, height, rgb } = await rgbOf(picture)
  const voxelManager = utilities.VoxelManager.createImageVoxelManager({
    scalarData: rgb,
    width,
    height,
    numberOfComponents: 3,
  })
  const image = {
    imageId,
    dataType: 'Uint8Array',
    color: true,
    rgba: false,
    numberOfComponents: 3,
    rows: height,
    columns: width,
    width,
    height,
    rowPixelSpacing: frame.spacing?.[0],
    columnPixelSpacing: frame.spacing?.[1],
    sizeInBytes: rgb.byteLength,
    minPixelValue: 0,
    maxPixelValue: 255,
    slope: 1,
    intercept: 0,
    windowCenter: 128,
    windowWidth: 256,
    voiLUTFunction: 'LINEAR',
    invert: false,
    photometricInterpretation: 'RGB',
    getPixelData: () => rgb,
    voxelManager,
  }
  return image as unknown as Types.IImage
}
