import { describe, expect, it } from 'vitest'

import { browserName } from './browser-name'

describe('what a browser says of itself', () => {
  it('is read past the names of others that it carries', () => {
    const edge = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0'
    expect(browserName(edge)).toEqual({ browser: 'Edge', system: 'Windows' })
    const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'
    expect(browserName(phone)).toEqual({ browser: 'Safari', system: 'iOS' })
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
    expect(browserName(firefox)).toEqual({ browser: 'Firefox', system: 'Linux' })
  })

  it('may be nothing that we know', () => {
    expect(browserName('curl/8.0')).toEqual({})
  })
})
