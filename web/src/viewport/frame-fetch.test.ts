import { describe, expect, it } from 'vitest'
import { answer } from './frame-fetch'

const asking = (response: Response) => answer(async () => response, 'http://here/frames/1', '*/*', new AbortController().signal)

describe('a frame that the server refuses', () => {
  it('says that there is no picture where the object has no pixels', async () => {
    const body = JSON.stringify({ error: { reason: 'no-pixels', message: '', fields: {} } })
    await expect(asking(new Response(body, { status: 406 }))).rejects.toMatchObject({ reason: 'no-pixels' })
  })

  it('says no more than that it could not be delivered where the answer tells nothing', async () => {
    await expect(asking(new Response('<html>', { status: 404 }))).rejects.toMatchObject({ reason: 'unavailable' })
  })

  it('is lost while nobody answers', async () => {
    await expect(asking(new Response('', { status: 503 }))).rejects.toMatchObject({ reason: 'lost' })
  })
})
