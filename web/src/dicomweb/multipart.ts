/** Taking the parts out of a multipart/related answer (RFC 2387, PS3.18 8.6): one frame has one part. */

export interface Part {
  readonly contentType: string
  readonly bytes: Uint8Array
}

const DASHES = '--'

function parameter(header: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|;)\\s*${name}\\s*=\\s*("([^"]*)"|[^;\\s]+)`, 'i').exec(header)
  return match ? (match[2] ?? match[1]) : undefined
}

export function transferSyntaxOf(contentType: string): string | undefined {
  return parameter(contentType, 'transfer-syntax')
}

/** Where `wanted` first lies in `bytes` at or after `from`, or -1. */
function find(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  const [head] = wanted
  if (head === undefined) return -1
  for (let at = bytes.indexOf(head, from); at >= 0 && at + wanted.length <= bytes.length; at = bytes.indexOf(head, at + 1)) {
    let same = 1
    while (same < wanted.length && bytes[at + same] === wanted[same]) same += 1
    if (same === wanted.length) return at
  }
  return -1
}

/** Where `wanted` last lies in `bytes`, or -1: pixels may hold anything, so the end is looked for from the end. */
function findLast(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = bytes.length - wanted.length; at >= 0; at -= 1) {
    let same = 0
    while (same < wanted.length && bytes[at + same] === wanted[same]) same += 1
    if (same === wanted.length) return at
  }
  return -1
}

/** The first part of an answer; an answer that is not multipart is its own only part. Throws when a multipart answer is torn. */
export function firstPart(contentType: string, body: Uint8Array): Part {
  if (!/^multipart\//i.test(contentType.trim())) return { contentType, bytes: body }
  const encoder = new TextEncoder()
  const boundary = parameter(contentType, 'boundary')
  if (boundary === undefined) throw new Error('multipart answer without a boundary')
  const start = find(body, encoder.encode(DASHES + boundary), 0)
  const headersEnd = start < 0 ? -1 : find(body, encoder.encode('\r\n\r\n'), start)
  if (headersEnd < 0) throw new Error('multipart answer without a part')
  const headers = new TextDecoder().decode(body.subarray(start, headersEnd))
  const end = findLast(body, encoder.encode(`\r\n${DASHES}${boundary}`))
  if (end < headersEnd + 4) throw new Error('multipart answer without an end')
  const type = /^content-type:\s*(.*)$/im.exec(headers)?.[1]?.trim() ?? 'application/octet-stream'
  return { contentType: type, bytes: body.subarray(headersEnd + 4, end) }
}

/** The first part of an answer that is still coming, as far as it is here; undefined while its head is not. */
export function begunPart(contentType: string, body: Uint8Array): Part | undefined {
  if (!/^multipart\//i.test(contentType.trim())) return { contentType, bytes: body }
  const headersEnd = find(body.subarray(0, 2048), new TextEncoder().encode('\r\n\r\n'), 0)
  if (headersEnd < 0) return undefined
  const headers = new TextDecoder().decode(body.subarray(0, headersEnd))
  return { contentType: /^content-type:\s*(.*)$/im.exec(headers)?.[1]?.trim() ?? contentType, bytes: body.subarray(headersEnd + 4) }
}

/** Every part of an answer, in order. Throws as `firstPart` does. The boundary is drawn by lot and never occurs in what we send. */
export function everyPart(contentType: string, body: Uint8Array): Part[] {
  if (!/^multipart\//i.test(contentType.trim())) return [{ contentType, bytes: body }]
  const encoder = new TextEncoder()
  const boundary = parameter(contentType, 'boundary')
  if (boundary === undefined) throw new Error('multipart answer without a boundary')
  const mark = encoder.encode(DASHES + boundary)
  const blank = encoder.encode('\r\n\r\n')
  const parts: Part[] = []
  for (let start = find(body, mark, 0); start >= 0; ) {
    const headersEnd = find(body, blank, start)
    const next = headersEnd < 0 ? -1 : find(body, mark, headersEnd)
    if (next < 0) break
    const headers = new TextDecoder().decode(body.subarray(start, headersEnd))
    const type = /^content-type:\s*(.*)$/im.exec(headers)?.[1]?.trim() ?? 'application/octet-stream'
    // A line break belongs to the mark that follows it.
    parts.push({ contentType: type, bytes: body.subarray(headersEnd + blank.length, next - 2) })
    start = next
  }
  const end = findLast(body, encoder.encode(`${DASHES}${boundary}${DASHES}`))
  if (parts.length === 0 || end < 0) throw new Error('multipart answer without an end')
  return parts
}
