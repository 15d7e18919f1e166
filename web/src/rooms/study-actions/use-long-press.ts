/** A long press of a finger acts at once; the tap that ends it does nothing. While choosing, every tap acts instead of opening. */
import { type MouseEvent, type PointerEvent, useRef } from 'react'

const LONG_MS = 450
const STILL_PX = 10

export function useLongPress(act: () => void, choosing: boolean) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const from = useRef({ x: 0, y: 0 })
  const acted = useRef(false)
  const stop = () => clearTimeout(timer.current)
  return {
    onPointerDown(event: PointerEvent) {
      acted.current = false
      if (event.pointerType === 'mouse' || isControl(event.target)) return
      from.current = { x: event.clientX, y: event.clientY }
      stop()
      timer.current = setTimeout(() => {
        acted.current = true
        act()
      }, LONG_MS)
    },
    onPointerMove(event: PointerEvent) {
      if (Math.hypot(event.clientX - from.current.x, event.clientY - from.current.y) > STILL_PX) stop()
    },
    onPointerUp: stop,
    onPointerCancel: stop,
    onContextMenu(event: MouseEvent) {
      if (acted.current) event.preventDefault()
    },
    onClickCapture(event: MouseEvent) {
      if (isControl(event.target)) return
      if (!acted.current && !choosing) return
      event.preventDefault()
      event.stopPropagation()
      if (!acted.current) act()
      acted.current = false
    },
  }
}

/** The menu and the check box of a card are their own. */
function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest('button, input, [role="menu"]') !== null
}
