/** Whether the line to the server is free for what nobody waits for yet. */
import { connection } from '../../../api/connection'
import { unattended } from '../../../kit/attendance'
import { queryClient } from '../../../query-client'
import { frames } from '../../../viewport/frame-bytes'

/** So long must nothing have been asked for. */
const QUIET_FOR_MS = 400

/** The Network Information API; not in every browser. */
interface Line {
  readonly saveData?: boolean
  readonly type?: string
  readonly effectiveType?: string
}

/** A line that is paid for by the byte, whose owner asked for sparing, or that hardly carries anything. */
export function isSpared(line: Line | undefined): boolean {
  return line?.saveData === true || line?.type === 'cellular' || line?.effectiveType?.endsWith('2g') === true
}

/** Somebody waits for bytes on screen. What is asked again to stay current does not count. */
function isNeeded(): boolean {
  return frames.busy.get() || queryClient.isFetching({ predicate: ({ state }) => state.data === undefined }) > 0
}

/**
 * Runs `begin` whenever the line has been quiet for a while, and `breakOff` as soon as it is needed; both may come several times.
 * The returned function ends it.
 */
export function whenLineQuiet(begin: () => void, breakOff: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const check = (): void => {
    const line = (navigator as { readonly connection?: Line }).connection
    if (isNeeded() || connection.get() === 'lost' || isSpared(line)) {
      clearTimeout(timer)
      timer = undefined
      breakOff()
    } else timer ??= setTimeout(quiet, QUIET_FOR_MS)
  }
  const quiet = (): void => {
    timer = undefined
    if (!document.hidden && !unattended()) begin()
  }
  const ends = [frames.busy.subscribe(check), connection.subscribe(check), queryClient.getQueryCache().subscribe(check)]
  check()
  return () => {
    clearTimeout(timer)
    for (const end of ends) end()
  }
}
