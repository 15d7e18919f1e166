/** The layers of one pane, in one SVG over its canvas. */
import { useEffect, useRef, useState } from 'react'

import { useStore } from '../kit/store'
import { activeTool } from './active-tool'
import { frameOf } from './known-frames'
import type { ImagePoint, Layer, ScreenPoint } from './layers'
import classes from './LayerStack.module.css'
import type { StackView } from './stack-view'
import type { ViewState } from './view-state'

interface LayerStackProps {
  readonly layers: readonly Layer[]
  readonly view: StackView
  readonly state: ViewState
}

const OUTSIDE: ScreenPoint = [-1e4, -1e4]

/** Mouse and touch that begin on an element that takes the pointer do not reach the viewport, which listens further out. */
function keepsPointer(event: Event): void {
  const taken = event.target instanceof Element && event.target.closest('[data-takes-pointer]')
  const mine = event instanceof MouseEvent ? event.button === 0 : 'touches' in event && (event as TouchEvent).touches.length === 1
  if (taken && mine) event.stopPropagation()
}

const BEGINNINGS = ['mousedown', 'touchstart'] as const

export function LayerStack({ layers, view, state }: LayerStackProps) {
  const place = useRef<HTMLDivElement>(null)
  const tool = useStore(activeTool)
  const size = useSize(place)
  useEffect(() => {
    const element = place.current
    for (const name of BEGINNINGS) element?.addEventListener(name, keepsPointer, { passive: true })
    return () => {
      for (const name of BEGINNINGS) element?.removeEventListener(name, keepsPointer)
    }
  }, [])
  const frame = frameOf(state.imageId)
  const toScreen = (point: ImagePoint) => view.toScreen(point) ?? OUTSIDE
  const toImage = (point: ScreenPoint) => view.toImage(point) ?? [0, 0]
  const drawn = frame !== undefined && state.phase !== 'failed' && size[0] > 0
  return (
    <div ref={place} className={classes.layers}>
      {drawn && (
        <svg width={size[0]} height={size[1]} data-testid="layers" role="group" aria-hidden={layers.length === 0}>
          {layers.map(({ id, Layer: Drawn }) => (
            <g key={id} data-layer={id}>
              <Drawn {...{ view, frame, state, toScreen, toImage, size, activeTool: tool }} />
            </g>
          ))}
        </svg>
      )}
    </div>
  )
}

/** Width and height of an element, CSS pixels. */
function useSize(place: React.RefObject<HTMLDivElement | null>): readonly [number, number] {
  const [size, setSize] = useState<readonly [number, number]>([0, 0])
  useEffect(() => {
    const element = place.current
    if (!element) return undefined
    const observer = new ResizeObserver(() => setSize([element.clientWidth, element.clientHeight]))
    observer.observe(element)
    return () => observer.disconnect()
  }, [place])
  return size
}
