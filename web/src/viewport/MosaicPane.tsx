/** One series as a page of consecutive images. The wheel turns pages; what is done to one tile is done to all. */
import { useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import classes from './MosaicPane.module.css'
import { joinTiles, type Page } from './mosaic'
import { StackPane, type StackPaneProps } from './StackPane'
import type { StackView } from './stack-view'

interface MosaicPaneProps extends Omit<StackPaneProps, 'leads'> {
  readonly rows: number
  readonly columns: number
}

export function MosaicPane({ rows, columns, viewportId, onView, ...stack }: MosaicPaneProps) {
  const { t } = useTranslation()
  const place = useRef<HTMLDivElement>(null)
  const { tiles, report } = useTiles()
  const count = stack.imageIds.length
  const shown = Math.min(rows * columns, count)
  const { page, first } = usePage(tiles, shown)
  useWheel(place, page, shown)
  const [pointed, point] = useState(0)
  const view = tiles.get(pointed) ?? tiles.get(0)
  useEffect(() => {
    onView(view)
    return () => onView(undefined)
  }, [onView, view])
  return (
    <div className={classes.mosaic} ref={place} data-mosaic={`${rows}x${columns}`}>
      <div
        className={classes.tiles}
        style={{ gridTemplateRows: `repeat(${rows}, minmax(0, 1fr))`, gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
      >
        {Array.from({ length: shown }, (_, tile) => (
          <div key={tile} className={classes.tile} onPointerDownCapture={() => point(tile)} data-tile={tile}>
            <StackPane {...stack} viewportId={`${viewportId}-tile-${tile}`} leads={tile === 0} onView={report(tile)} />
          </div>
        ))}
      </div>
      <div className={classes.words} data-testid="mosaic-page">
        {t('room.mosaicPage', { first: first + 1, last: Math.min(count, first + shown), count })}
      </div>
    </div>
  )
}

function useTiles() {
  const [tiles, setTiles] = useState<ReadonlyMap<number, StackView>>(new Map())
  const [reports] = useState(() => new Map<number, (view: StackView | undefined) => void>())
  const report = (tile: number) => {
    const known = reports.get(tile)
    if (known) return known
    const made = (view: StackView | undefined) =>
      setTiles((now) => {
        const others = [...now].filter(([place]) => place !== tile)
        return new Map(view ? [...others, [tile, view] as const] : others)
      })
    reports.set(tile, made)
    return made
  }
  return { tiles, report }
}

/** The page of all tiles, once every one of them is there. */
function usePage(tiles: ReadonlyMap<number, StackView>, shown: number) {
  const [first, setFirst] = useState(0)
  const page = useRef<Page>(undefined)
  const whole = useMemo(() => (tiles.size === shown && shown > 0 ? tiles : undefined), [tiles, shown])
  useEffect(() => {
    if (!whole) return undefined
    const joined = joinTiles(whole, page.current?.first() ?? 0, setFirst)
    page.current = joined
    return () => joined.end()
  }, [whole])
  return { page, first }
}

const CLICK = 60

/** The wheel turns pages here; it does not reach the tiles. */
function useWheel(place: React.RefObject<HTMLDivElement | null>, page: React.RefObject<Page | undefined>, shown: number): void {
  useEffect(() => {
    const element = place.current
    let turned = 0
    const onWheel = (event: WheelEvent) => {
      event.preventDefault()
      event.stopPropagation()
      turned += event.deltaY
      if (Math.abs(turned) < CLICK) return
      page.current?.turnTo((page.current?.first() ?? 0) + Math.sign(turned) * shown)
      turned = 0
    }
    element?.addEventListener('wheel', onWheel, { capture: true, passive: false })
    return () => element?.removeEventListener('wheel', onWheel, { capture: true })
  }, [place, page, shown])
}
