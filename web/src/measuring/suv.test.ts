import { describe, expect, it } from 'vitest'

import type { DataSet } from '../dicomweb/json'
import golden from './golden/suv.json'
import { type SuvKind, suvOf } from './suv'

const header = (of: { header: unknown }) => of.header as DataSet

describe('standardised uptake values', () => {
  it.each(golden.cases)('are right: $name', (each) => {
    const found = suvOf(header(each), each.kind as SuvKind)
    expect('factor' in found && found.factor / each.factor).toBeCloseTo(1, 9)
  })

  it('agree with what another program filed for the same series', () => {
    const [asItCame] = golden.cases
    const found = asItCame && suvOf(header(asItCame), 'bw')
    expect(found && 'factor' in found && found.factor).toBeCloseTo(golden.published.bw, 9)
  })

  it.each(golden.refused)('are refused: $name', (each) => {
    expect(suvOf(header(each), each.kind as SuvKind)).toEqual({ refused: each.refused })
  })

  it('know that an injection late in the evening was on the day before', () => {
    const [asItCame] = golden.cases
    const base = asItCame ? header(asItCame) : {}
    const [drug] = (base['00540016']?.Value ?? []) as DataSet[]
    const late = {
      ...base,
      '00080031': { vr: 'TM', Value: ['003000'] },
      '00080032': { vr: 'TM', Value: ['003000'] },
      '00540016': { vr: 'SQ', Value: [{ ...drug, '00181072': { vr: 'TM', Value: ['233000'] } }] },
    }
    const found = suvOf(late, 'bw')
    expect('factor' in found && found.factor).toBeCloseTo(69_000 / (394_092_000 * 0.5 ** (3600 / 6588)), 12)
  })
})
