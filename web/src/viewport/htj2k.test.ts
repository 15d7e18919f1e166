import { describe, expect, it } from 'vitest'

import { aSlice } from '../dicomweb/a-frame'
import { inlineBytes } from '../dicomweb/json'
import { nativeFromHtj2k, SMALL } from './htj2k'

describe('a torn code stream', () => {
  it('is not taken for the whole, though a decoder would draw it', async () => {
    const bytes = inlineBytes({ vr: 'OB', InlineBinary: SMALL }) ?? new Uint8Array()
    const torn = nativeFromHtj2k(bytes.subarray(0, bytes.length - 20), '1.2.840.10008.1.2.4.201', aSlice(1, 0))
    await expect(torn).rejects.toMatchObject({ reason: 'undecodable' })
  })
})
