/** The pattern over the whole screen, pixel for pixel; arrow keys and buttons go through its views, Escape leaves. */
import { Button, Group, NativeSelect } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'

import { draw } from './draw'
import { type Mark, patternFor } from './pattern'
import classes from './DisplayCheck.module.css'

/** A view of the pattern, or a grey level over the whole screen. */
export type Shown = 'positive' | 'negative' | 'uniform-dark' | 'uniform-bright' | number

const VIEWS = ['positive', 'negative', 'uniform-dark', 'uniform-bright'] as const
/** 10 % and 80 %, as TG18-UN10 and UN80. */
const UNIFORM = { 'uniform-dark': 26, 'uniform-bright': 204 } as const

function marksFor(shown: Shown, width: number, height: number): readonly Mark[] {
  if (shown === 'positive' || shown === 'negative') return patternFor(width, height, shown)
  const level = typeof shown === 'number' ? shown : UNIFORM[shown]
  return [{ kind: 'rectangle', x: 0, y: 0, width, height, level }]
}

interface TestScreenProps {
  readonly shown: Shown
  readonly onShow: (shown: Shown) => void
  readonly onClose: () => void
}

export function TestScreen({ shown, onShow, onClose }: TestScreenProps) {
  const { t } = useTranslation()
  const place = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  useDrawn(canvas, shown)
  useWholeScreen(place, onClose)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
      const at = VIEWS.findIndex((view) => view === shown)
      const next = step === undefined || at < 0 ? undefined : VIEWS[at + step]
      if (next) onShow(next)
      if (event.key === 'Escape') onClose()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [shown, onShow, onClose])
  return (
    <div ref={place} className={classes.screen} role="dialog" aria-modal="true" aria-label={t('display.pattern')}>
      <canvas ref={canvas} className={classes.canvas} role="img" aria-label={t('display.patternLabel')} data-shown={shown} />
      <Group className={classes.strip} gap="xs">
        {typeof shown === 'string' && (
          <NativeSelect
            size="xs"
            aria-label={t('display.view')}
            value={shown}
            onChange={(event) => onShow(VIEWS.find((view) => view === event.currentTarget.value) ?? 'positive')}
            data={VIEWS.map((view) => ({ value: view, label: t(`display.${WORDS[view]}`) }))}
          />
        )}
        <Button size="xs" variant="default" onClick={onClose} data-autofocus>
          {t('display.back')}
        </Button>
      </Group>
    </div>
  )
}

const WORDS = {
  positive: 'positive',
  negative: 'negative',
  'uniform-dark': 'uniformDark',
  'uniform-bright': 'uniformBright',
} as const

/** Draws anew whenever the canvas covers another number of device pixels. */
function useDrawn(canvas: React.RefObject<HTMLCanvasElement | null>, shown: Shown): void {
  useEffect(() => {
    const drawn = canvas.current
    if (!drawn) return undefined
    const observer = new ResizeObserver(([entry]) => {
      const [exact] = entry?.devicePixelContentBoxSize ?? []
      const { width, height } = drawn.getBoundingClientRect()
      drawn.width = exact?.inlineSize ?? Math.round(width * devicePixelRatio)
      drawn.height = exact?.blockSize ?? Math.round(height * devicePixelRatio)
      draw(drawn, marksFor(shown, drawn.width, drawn.height))
    })
    try {
      observer.observe(drawn, { box: 'device-pixel-content-box' })
    } catch {
      // Safari does not know this box.
      observer.observe(drawn)
    }
    return () => observer.disconnect()
  }, [canvas, shown])
}

/** The browser's whole screen where it is granted; else the whole window does. */
function useWholeScreen(place: React.RefObject<HTMLDivElement | null>, onClose: () => void): void {
  useEffect(() => {
    let entered = false
    place.current?.querySelector('button')?.focus()
    place.current?.requestFullscreen?.().then(
      () => (entered = true),
      () => undefined,
    )
    const onChange = () => {
      if (entered && !document.fullscreenElement) onClose()
    }
    document.addEventListener('fullscreenchange', onChange)
    return () => {
      document.removeEventListener('fullscreenchange', onChange)
      if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined)
    }
  }, [place, onClose])
}
