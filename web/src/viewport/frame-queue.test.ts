import { describe, expect, it } from 'vitest'

import type { FrameBytes } from './frame-fetch'
import { FrameQueue } from './frame-queue'
import { Pace } from './pace'

const settled = () => new Promise((resolve) => setTimeout(resolve, 0))
const frame = (bytes: number): FrameBytes => ({ bytes: new Uint8Array(bytes), syntax: '1.2' })

interface Transfer {
  readonly imageId: string
  readonly signal: AbortSignal
  readonly end: (found: FrameBytes) => void
  readonly fail: (error: unknown) => void
}

/** A queue whose transfers end when the test says so. */
function queueOf(mostBytes = 1000) {
  const asked: Transfer[] = []
  const queue = new FrameQueue(
    (imageId, signal) =>
      new Promise((resolve, reject) => {
        asked.push({ imageId, signal, end: resolve, fail: reject })
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      }),
    mostBytes,
  )
  return { queue, asked, ids: () => asked.map((one) => one.imageId) }
}

const stack = (count: number) => Array.from({ length: count }, (_, index) => `${index}`)

describe('the order of fetching', () => {
  it('takes the image that is waited for before the others, on a connection that is kept free for it', async () => {
    const { queue, asked, ids } = queueOf()
    queue.plan({}, { shown: '0', ahead: stack(20) })
    expect(ids()).toEqual(['0', '1', '2', '3'])
    const coming = queue.want('15')
    expect(ids().at(-1)).toBe('15')
    asked.at(-1)?.end(frame(10))
    expect((await coming).bytes.length).toBe(10)
  })

  it('goes on from where the reader is, and fetches nothing twice', async () => {
    const { queue, asked, ids } = queueOf()
    const viewport = {}
    queue.plan(viewport, { shown: '0', ahead: stack(10) })
    queue.plan(viewport, { shown: '7', ahead: ['7', '8', '9', '6', '0'] })
    for (const one of asked.slice(0, 3)) one.end(frame(10))
    await settled()
    expect(ids().slice(0, 7)).toEqual(['0', '1', '2', '3', '7', '8', '9'])
    expect(ids()).not.toContain('5')
  })

  it('keeps a promise whose image was scrolled away from until it is its turn again', async () => {
    const { queue, asked, ids } = queueOf()
    const viewport = {}
    queue.plan(viewport, { shown: '0', ahead: stack(4) })
    for (const one of asked) {
      one.end(frame(10))
      await settled()
    }
    const left = queue.want('a')
    for (const other of ['b', 'c', 'd', 'e', 'f']) void queue.want(other)
    expect(ids().slice(4)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    void queue.want('g')
    expect(ids()).not.toContain('g')
    queue.plan(viewport, { shown: 'g', ahead: [] })
    asked.find((one) => one.imageId === 'b')?.end(frame(10))
    await settled()
    expect(ids().at(-1)).toBe('g')
    asked.find((one) => one.imageId === 'a')?.end(frame(11))
    expect((await left).bytes.length).toBe(11)
  })

  it('breaks off what nobody waits for when the line is slow', async () => {
    const pace = new Pace()
    for (let index = 0; index < 12; index += 1) pace.report(2000)
    expect([pace.atOnce, pace.slow]).toEqual([2, true])
    for (let index = 0; index < 30; index += 1) pace.report(20)
    expect([pace.atOnce, pace.slow]).toEqual([5, false])
  })

  it('takes a frame that comes in another way, and fetches it when that fails', async () => {
    const { queue, asked } = queueOf()
    queue.expect('a', Promise.resolve(frame(5)))
    queue.expect('b', Promise.resolve(undefined))
    const [a, b] = [queue.want('a'), queue.want('b')]
    expect((await a).bytes.length).toBe(5)
    await settled()
    expect(asked.map((one) => one.imageId)).toEqual(['b'])
    asked[0]?.end(frame(6))
    expect((await b).bytes.length).toBe(6)
  })

  it('tells a failure to who waits, and goes on with the others', async () => {
    const { queue, asked, ids } = queueOf()
    const coming = queue.want('a')
    queue.plan({}, { shown: 'a', ahead: ['a', 'b'] })
    asked[0]?.fail(new Error('gone'))
    await expect(coming).rejects.toThrow('gone')
    expect(ids()).toEqual(['a', 'b'])
    void queue.want('a')
    expect(ids()).toEqual(['a', 'b', 'a'])
  })
})

describe('what is kept', () => {
  it('is bounded, and what is planned stays', async () => {
    const { queue, asked } = queueOf(100)
    void queue.want('old')
    asked[0]?.end(frame(40))
    await settled()
    queue.plan({}, { shown: '0', ahead: ['0', '1'] })
    asked.at(-2)?.end(frame(40))
    await settled()
    asked.at(-1)?.end(frame(40))
    await settled()
    expect([queue.has('old'), queue.has('0'), queue.has('1'), queue.keptBytes]).toEqual([false, true, true, 80])
  })

  it('ends the fetching of a plan at what can be kept', async () => {
    const { queue, asked } = queueOf(1000)
    queue.plan({}, { shown: '0', ahead: stack(50) })
    for (let done = 0; done < asked.length; done += 1) {
      asked[done]?.end(frame(100))
      await settled()
    }
    expect(queue.keptBytes).toBeLessThanOrEqual(1000)
    expect(asked.length).toBeLessThan(13)
  })
})
