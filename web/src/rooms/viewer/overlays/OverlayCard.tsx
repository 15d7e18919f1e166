/** One overlay that is on: whether it belongs on the image shown, how strong it is, and its parts. */
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'

import { type Colour } from '../../../dicomweb/colours'
import { marked } from '../../../kit/marked'
import { frameOf } from '../../../viewport/known-frames'
import type { OverlayDescription, Part, Scale } from '../../../viewport/overlays/protocol'
import { readable, shownRange, useUnitWords } from '../../../viewport/overlays/ScaleBar'
import { changeOverlay, fitOf, type ShownOverlay } from '../../../viewport/overlays/shown'
import { heightsOf, type Lying, lyingOn } from '../../../viewport/overlays/where'
import { useViewState } from '../../../viewport/use-view-state'
import { useRoom } from '../context'
import { IsodoseCard } from './IsodoseCard'
import { jumpToPart } from './jump-to-part'
import classes from './OverlaysPanel.module.css'

interface OverlayCardProps {
  readonly overlay: ShownOverlay
  readonly description: OverlayDescription
}

export function OverlayCard({ overlay, description }: OverlayCardProps) {
  const { t } = useTranslation()
  const { view } = useRoom()
  const state = useViewState(view)
  const frame = frameOf(state.imageId)
  const fit = frame && fitOf(description, frame)
  const stack = view?.stack()
  // A dose has a value everywhere between its planes: counting planes that lie on slices would say nothing.
  const lying = useMemo(() => {
    if (!stack || description.kind === 'dose') return undefined
    const heights = heightsOf(stack.map(frameOf))
    return new Map(description.parts.map((part) => [part.id, lyingOn(part, stack, heights)]))
  }, [stack, description])
  const change = (changed: Partial<ShownOverlay>) => changeOverlay(overlay.address, changed)
  return (
    <>
      {description.nature && <p className={classes.quiet}>{description.nature}</p>}
      {fit && fit !== 'fits' && (
        <p role="alert" className={classes.warn} data-fit={fit}>
          {t(`objects.fit.${fit}`)}
        </p>
      )}
      {fit === 'fits' && <Besides lying={lying} />}
      <label className={classes.line}>
        <span>{t('objects.opacity')}</span>
        <input type="range" min={0} max={1} step={0.05} value={overlay.opacity} onChange={(event) => change({ opacity: Number(event.target.value) })} />
      </label>
      {description.scale ? (
        <>
          <Ends overlay={overlay} scale={description.scale} />
          {description.dose && <IsodoseCard overlay={overlay} dose={description.dose} />}
        </>
      ) : (
        <Parts overlay={overlay} parts={description.parts} lying={fit === 'fits' ? lying : undefined} shownIndex={state.shownIndex} />
      )}
    </>
  )
}

/** Said in so many words: what is not on any slice is on no slice, and not on the next one. */
function Besides({ lying }: { readonly lying: ReadonlyMap<number, Lying> | undefined }) {
  const { t } = useTranslation()
  const beside = [...(lying?.values() ?? [])].reduce((sum, one) => sum + one.beside, 0)
  if (beside === 0) return null
  return <p className={classes.warn}>{t('objects.besides', { count: beside })}</p>
}

function Ends({ overlay, scale }: { readonly overlay: ShownOverlay; readonly scale: Scale }) {
  const { t } = useTranslation()
  const unitWords = useUnitWords()
  const [low, high] = shownRange(overlay, scale)
  const set = (range: readonly [number, number]) => {
    if (range.every(Number.isFinite) && range[0] < range[1]) changeOverlay(overlay.address, { range })
  }
  return (
    <>
      {scale.quantity && <p className={classes.quiet}>{marked(scale.quantity)}</p>}
      <div className={classes.ends}>
        <label>
          {t('objects.lowEnd')}
          <input key={`low ${low}`} type="number" step="any" defaultValue={readable(low)} onBlur={(event) => set([event.target.valueAsNumber, high])} />
        </label>
        <label>
          {t('objects.highEnd')}
          <input key={`high ${high}`} type="number" step="any" defaultValue={readable(high)} onBlur={(event) => set([low, event.target.valueAsNumber])} />
        </label>
        <span>{unitWords(scale.unit)}</span>
      </div>
      <p className={classes.quiet}>{t('objects.belowIsClear', { low: readable(scale.lowest), high: readable(scale.highest) })}</p>
    </>
  )
}

interface PartsProps {
  readonly overlay: ShownOverlay
  readonly parts: readonly Part[]
  readonly lying: ReadonlyMap<number, Lying> | undefined
  readonly shownIndex: number
}

function Parts({ overlay, parts, lying, shownIndex }: PartsProps) {
  const { t } = useTranslation()
  const change = (changed: Partial<ShownOverlay>) => changeOverlay(overlay.address, changed)
  return (
    <>
      <div className={classes.buttons}>
        <button type="button" onClick={() => change({ hidden: [] })}>
          {t('objects.all')}
        </button>
        <button type="button" onClick={() => change({ hidden: parts.map(({ id }) => id) })}>
          {t('objects.none')}
        </button>
        <label>
          <input type="checkbox" checked={overlay.named} onChange={(event) => change({ named: event.target.checked })} /> {t('objects.names')}
        </label>
      </div>
      <ul className={classes.parts}>
        {parts.map((part) => (
          <PartLine key={part.id} overlay={overlay} part={part} lying={lying?.get(part.id)} here={lying?.get(part.id)?.on.includes(shownIndex) ?? false} />
        ))}
      </ul>
    </>
  )
}

interface PartLineProps {
  readonly overlay: ShownOverlay
  readonly part: Part
  readonly lying: Lying | undefined
  readonly here: boolean
}

function PartLine({ overlay, part, lying, here }: PartLineProps) {
  const { t } = useTranslation()
  const room = useRoom()
  const hidden = overlay.hidden.includes(part.id)
  const label = marked(part.label)
  const toggle = () =>
    changeOverlay(overlay.address, { hidden: hidden ? overlay.hidden.filter((id) => id !== part.id) : [...overlay.hidden, part.id] })
  return (
    <li className={classes.part} data-part={part.id} data-here={here}>
      <input
        type="color"
        aria-label={t('objects.colourOf', { name: label })}
        value={asHex(overlay.colours[part.id] ?? part.colour)}
        onChange={(event) => changeOverlay(overlay.address, { colours: { ...overlay.colours, [part.id]: fromHex(event.target.value) } })}
      />
      <label className={classes.line}>
        <input type="checkbox" checked={!hidden} onChange={toggle} />
        <span>
          {label}
          {here && <small> · {t('objects.here')}</small>}
          {part.detail && <small className={classes.detail}>{marked(part.detail)}</small>}
        </span>
      </label>
      <button type="button" disabled={!lying || lying.on.length === 0} aria-label={t('objects.jumpTo', { name: label })} onClick={() => jumpToPart(room, part)}>
        {t('objects.jump')}
      </button>
    </li>
  )
}

const asHex = (colour: Colour) => `#${colour.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`

function fromHex(hex: string): Colour {
  const value = Number.parseInt(hex.slice(1), 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}
