import { describe, expect, it } from 'vitest'

import { describeFrame } from '../dicomweb/frame'
import type { DataSet } from '../dicomweb/json'
import { previewGreys } from './preview-greys'

const noBytes = () => Promise.reject(new Error('nothing is fetched'))

function aFrame(changed: Record<string, readonly unknown[]> = {}) {
  const values: Record<string, readonly unknown[]> = {
    '00280002': [1], '00280004': ['MONOCHROME2'], '00280010': [4], '00280011': [4], '00280100': [16], '00280101': [12],
    '00280102': [11], '00280103': [0], '00281050': [2000], '00281051': [1001], ...changed,
  }
  const dataSet = Object.fromEntries(Object.entries(values).map(([tag, Value]) => [tag, { vr: 'UN', Value }]))
  return describeFrame(dataSet as unknown as DataSet, 1)
}

describe('the greys of a picture that is still coming', () => {
  it('are those of the window of the file', async () => {
    const greys = await previewGreys(aFrame(), noBytes)
    expect([greys?.length, greys?.[1499], greys?.[2000], greys?.[2500]]).toEqual([65536, 0, 128, 255])
  })

  it('are turned round where low values are bright, and read signs', async () => {
    const negative = await previewGreys(aFrame({ '00280004': ['MONOCHROME1'] }), noBytes)
    expect([negative?.[1499], negative?.[2500]]).toEqual([255, 0])
    const signed = await previewGreys(aFrame({ '00280103': [1], '00281050': [0] }), noBytes)
    expect([signed?.[65536 - 600], signed?.[600]]).toEqual([0, 255])
  })

  it('are not guessed where only the whole picture tells the window, for colour, and where a table cannot be had', async () => {
    expect(await previewGreys(aFrame({ '00281050': [] }), noBytes)).toBeUndefined()
    expect(await previewGreys(aFrame({ '00280002': [3], '00280004': ['RGB'] }), noBytes)).toBeUndefined()
    const table = { '00283002': { vr: 'US', Value: [4096, 0, 12] }, '00283006': { vr: 'OW', BulkDataURI: 'http://here/table' } }
    await expect(previewGreys(aFrame({ '00283010': [table] }), noBytes)).rejects.toThrow('nothing is fetched')
  })
})
