import { describe, expect, it } from 'vitest'

import { effectiveSyntax } from './code-stream'

const J2K = '1.2.840.10008.1.2.4.90'
const HTJ2K = '1.2.840.10008.1.2.4.201'
const j2kHead = (after: number) => new Uint8Array([0xff, 0x4f, 0xff, 0x51, 0, 4, 0, 0, 0xff, after])
const jpegHead = (marker: number, precision = 8) => new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 2, 0xff, marker, 0, 11, precision])

describe('the syntax to decode by', () => {
  it('is what the code stream is, when the label says another family', () => {
    expect(effectiveSyntax(J2K, j2kHead(0x50), 1e6)).toBe(HTJ2K)
    expect(effectiveSyntax(J2K, jpegHead(0xc3), 1e6)).toBe('1.2.840.10008.1.2.4.70')
    expect(effectiveSyntax('1.2.840.10008.1.2.4.50', jpegHead(0xc1, 12), 1e6)).toBe('1.2.840.10008.1.2.4.51')
    expect(effectiveSyntax('1.2.840.10008.1.2.4.70', jpegHead(0xf7), 1e6)).toBe('1.2.840.10008.1.2.4.80')
  })

  it('is the label within one family', () => {
    expect(effectiveSyntax('1.2.840.10008.1.2.4.91', j2kHead(0x52), 1e6)).toBe('1.2.840.10008.1.2.4.91')
  })

  it('is the label for native pixels that begin like a code stream', () => {
    expect(effectiveSyntax('1.2.840.10008.1.2.1', j2kHead(0x50), 10)).toBe('1.2.840.10008.1.2.1')
  })
})
