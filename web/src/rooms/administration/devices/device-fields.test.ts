import { expect, it } from 'vitest'

import { bodyOf, fieldsOf } from './device-fields'

it('keeps what a rejected call told, and reads addresses however they are separated', () => {
  const fields = fieldsOf({ name: 'CT1', ae_title: 'CT1', networks: ['10.1.2.3'], certificate: null, plain_allowed: true })
  expect(fields.networks).toBe('10.1.2.3')
  const body = bodyOf({ ...fields, networks: '10.1.2.3, 10.2.0.0/24\n fd00::1 ;', host: ' ct1 ', port: '104' })
  expect(body.networks).toEqual(['10.1.2.3', '10.2.0.0/24', 'fd00::1'])
  expect(body).toMatchObject({ host: 'ct1', port: 104, may_store: true, certificate: null, department_id: null })
})

it('leaves an empty port out', () => {
  expect(bodyOf(fieldsOf({ name: 'W', ae_title: 'W' })).port).toBeNull()
})
