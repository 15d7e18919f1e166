import { expect, it } from 'vitest'

import { suggestedCode } from './codes'

it('makes a code of what a name has of letters and digits', () => {
  expect(suggestedCode("St. Mary's Hospital")).toBe('st-mary-s-hospital')
  expect(suggestedCode('Zürich Süd 2')).toBe('zurich-sud-2')
  expect(suggestedCode(`${'x'.repeat(31)} y`)).toBe('x'.repeat(31))
  expect(suggestedCode('协和医院')).toBe('')
  expect(suggestedCode('A')).toBe('')
})
