/**
 * cornerstone draws without graphics on a canvas of CSS pixels, but its points go through device pixels: on a screen with more than
 * one device pixel for each, a point of the image and the place under the finger lie apart. The conversion is made to do nothing.
 */
import type { Plugin } from 'vite'

const CONVERSION = /cpuFallback\/rendering\/cssPixelConversion\.js$/
const NOTHING = 'export const deviceToCssPixels = (point) => point\nexport const cssToDevicePixels = (point) => point\n'

export function cssPixels(): Plugin {
  let found = false
  return {
    name: 'isocenter-css-pixels',
    apply: 'build',
    enforce: 'pre',
    transform: {
      filter: { id: CONVERSION },
      handler() {
        found = true
        return { code: NOTHING, map: null }
      },
    },
    buildEnd(error) {
      if (!error && !found) throw new Error('cornerstone has no cssPixelConversion.js any more: look whether its points are right without us')
    },
  }
}
