/** A double click or double tap lets a cell fill the room, and again gives the others back; a long press opens the menu of commands. */
import { type PointerEvent, useRef } from 'react'

import { useRoom } from './context'
import { cellCount } from './viewer-state'

const LONG_MS = 550
const STILL_PX = 10
const DOUBLE_MS = 320

interface Touched {
  readonly x: number
  readonly y: number
  readonly at: number
}

export function useCellGestures(cell: number) {
  const { state, dispatch, openPanel } = useRoom()
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const down = useRef<Touched>(undefined)
  const tapped = useRef<Touched>(undefined)
  const fingers = useRef(0)
  const still = (event: PointerEvent, since: Touched | undefined) =>
    since !== undefined && Math.hypot(event.clientX - since.x, event.clientY - since.y) <= STILL_PX
  const maximise = () => {
    if (cellCount(state.layout) > 1) dispatch({ type: 'maximise', cell: state.maximised === undefined ? cell : undefined })
  }
  const lift = (event: PointerEvent) => {
    clearTimeout(timer.current)
    fingers.current = Math.max(0, fingers.current - 1)
    if (event.pointerType === 'mouse' || !still(event, down.current)) return
    const now = { x: event.clientX, y: event.clientY, at: event.timeStamp }
    const twice = tapped.current && still(event, tapped.current) && now.at - tapped.current.at < DOUBLE_MS
    tapped.current = twice ? undefined : now
    if (twice) maximise()
  }
  return {
    onDoubleClick: (event: React.MouseEvent) => {
      if (!isTaken(event.target)) maximise()
    },
    onPointerDown: (event: PointerEvent) => {
      clearTimeout(timer.current)
      if (event.pointerType === 'mouse' || isTaken(event.target)) return
      fingers.current += 1
      down.current = { x: event.clientX, y: event.clientY, at: event.timeStamp }
      if (fingers.current === 1) timer.current = setTimeout(() => openUnderFinger(() => openPanel('commands')), LONG_MS)
    },
    onPointerMove: (event: PointerEvent) => {
      if (!still(event, down.current)) clearTimeout(timer.current)
    },
    onPointerUp: lift,
    onPointerCancel: lift,
  }
}

/** The finger that opened something lifts over it: that must not click what lies there. */
function openUnderFinger(open: () => void): void {
  const swallow = (event: Event) => {
    event.preventDefault()
    event.stopPropagation()
  }
  document.addEventListener('click', swallow, { capture: true })
  document.addEventListener('pointerdown', () => document.removeEventListener('click', swallow, { capture: true }), { capture: true, once: true })
  open()
}

/** What a layer or a control has for itself. */
function isTaken(target: EventTarget): boolean {
  return target instanceof Element && target.closest('[data-takes-pointer], button, input, a, select') !== null
}
