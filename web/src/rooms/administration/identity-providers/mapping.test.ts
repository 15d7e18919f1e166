import { expect, test } from 'vitest'

import { linesOf, mappingOf } from './mapping'

test('lines become a mapping and lines again', () => {
  const lines = 'radiology = radiologist\nCN=tech,DC=hospital = technologist'
  expect(mappingOf(`\n ${lines}\n\n`)).toEqual({ mapping: { radiology: 'radiologist', 'CN=tech,DC=hospital': 'technologist' } })
  expect(linesOf({ radiology: 'radiologist', 'CN=tech,DC=hospital': 'technologist' })).toBe(lines)
})

test('the first line that is none is named', () => {
  expect(mappingOf('a = b\nradiologist')).toEqual({ wrong: 2 })
  expect(mappingOf('a =')).toEqual({ wrong: 1 })
  expect(mappingOf('= b')).toEqual({ wrong: 1 })
})
