/** What must be known of a stack beside its pictures: slices that are missing, and a tilted gantry. */
import { useTranslation } from 'react-i18next'

import type { Frame } from '../../../dicomweb/frame'
import { type Gap, gapsOf, tiltOf } from '../../../dicomweb/slices'
import { frameOf } from '../../../viewport/known-frames'
import type { LayerProps } from '../../../viewport/layers'
import { Mark } from './Mark'
import classes from './Seeing.module.css'

interface Found {
  readonly gaps: readonly Gap[]
  readonly tilt: number | undefined
}

const NOTHING_FOUND: Found = { gaps: [], tilt: undefined }
const found = new WeakMap<readonly string[], Found>()

/** Looked at once per stack, when all of its frames are known. */
function foundIn(stack: readonly string[]): Found {
  const known = found.get(stack)
  if (known) return known
  const frames = stack.map(frameOf)
  if (!frames.every((frame): frame is Frame => frame !== undefined)) return NOTHING_FOUND
  const made = { gaps: gapsOf(frames), tilt: tiltOf(frames) }
  found.set(stack, made)
  return made
}

const LINE = 20

export function StackMarks({ view, state, size }: LayerProps) {
  const { t } = useTranslation()
  if (!view) return null
  const { gaps, tilt } = foundIn(view.stack())
  const words: string[] = gaps.flatMap((gap) => {
    const side = gap.after === state.shownIndex ? 'after' : gap.after + 1 === state.shownIndex ? 'before' : undefined
    if (!side) return []
    const values = { mm: Number(gap.mm.toFixed(1)), usual: Number(gap.usualMm.toFixed(1)), count: gap.missing ?? 0 }
    if (gap.missing === undefined) return [t(side === 'after' ? 'seeing.stepAfter' : 'seeing.stepBefore', values)]
    return [t(side === 'after' ? 'seeing.gapAfter' : 'seeing.gapBefore', values)]
  })
  if (tilt !== undefined) words.push(t('seeing.tilted', { degrees: Number(tilt.toFixed(1)) }))
  return (
    <>
      {words.map((line, at) => (
        <Mark key={line} size={size} down={-56 - at * LINE} words={line} testId="stack-mark" />
      ))}
      {gaps.length > 0 && <Track gaps={gaps} state={state} size={size} />}
    </>
  )
}

/** The stack as a line at the right edge: where one is, and where slices are missing. */
function Track({ gaps, state, size: [width, height] }: { readonly gaps: readonly Gap[] } & Pick<LayerProps, 'state' | 'size'>) {
  const [top, length] = [height * 0.25, height * 0.5]
  const at = (index: number) => top + (length * index) / Math.max(1, state.count - 1)
  return (
    <g data-testid="gap-track" className={classes.passive} aria-hidden>
      <line x1={width - 6} x2={width - 6} y1={top} y2={top + length} stroke="#7f8b94" strokeWidth={2} />
      {gaps.map((gap) => (
        <line key={gap.after} x1={width - 12} x2={width} y1={at(gap.after + 0.5)} y2={at(gap.after + 0.5)} stroke="#f0e442" strokeWidth={3} />
      ))}
      <circle cx={width - 6} cy={at(state.shownIndex)} r={4} fill="#fff" />
    </g>
  )
}
