import { describe, expect, it } from 'vitest'

import { readParts } from './part-stream'

const text = (value: string) => new TextEncoder().encode(value)

function streamed(body: Uint8Array, chunk: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < body.length; at += chunk) controller.enqueue(body.subarray(at, at + chunk))
      controller.close()
    },
  })
}

// Pixels may hold what looks like a delimiter; only the length says where they end.
const BODY = text(
  '--b\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}' +
    '\r\n--b\r\nContent-Type: application/octet-stream; transfer-syntax=1.2\r\nContent-Length: 10\r\n\r\nab\r\n--b--z' +
    '\r\n--b--\r\n',
)

describe('a streamed multipart answer', () => {
  it.each([1, 7, 10_000])('gives each part whole, in chunks of %i', async (chunk) => {
    const seen: string[] = []
    await readParts(streamed(BODY, chunk), {
      onPart: (part, number) => seen.push(`${number} ${part.contentType} ${new TextDecoder().decode(part.bytes)}`),
    })
    expect(seen).toEqual(['0 application/json {}', '1 application/octet-stream; transfer-syntax=1.2 ab\r\n--b--z'])
  })

  it('tells how much of a part is there', async () => {
    const shares: number[] = []
    await readParts(streamed(BODY, 30), { onPart: () => undefined, onSome: (_, bytes, length) => shares.push(bytes.length / length) })
    expect(shares.length).toBeGreaterThan(0)
    expect(Math.max(...shares)).toBeLessThan(1)
  })

  it('rejects when it is torn in a part', async () => {
    await expect(readParts(streamed(BODY.subarray(0, BODY.length - 12), 50), { onPart: () => undefined })).rejects.toThrow('torn')
  })
})
