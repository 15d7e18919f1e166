/** A word of warning over the picture: wraps where the viewport is narrow, and keeps off the corners then. */
import type { LayerProps } from '../../../viewport/layers'
import classes from './Seeing.module.css'

interface MarkProps {
  readonly size: LayerProps['size']
  /** From the top, CSS pixels; negative: from the bottom. */
  readonly down: number
  readonly words: string
  readonly testId: string
}

/** Narrower than this the corners have words from edge to edge. */
const NARROW = 420
const MARGIN = 8
const HEIGHT = 64

export function Mark({ size: [width, height], down, words, testId }: MarkProps) {
  const wide = down >= 0 ? down : height + down
  const y = width >= NARROW ? wide : height * (down >= 0 ? 0.3 : 0.6) + (Math.abs(down) % 40)
  return (
    <foreignObject x={MARGIN} y={y} width={Math.max(0, width - 2 * MARGIN)} height={HEIGHT} className={classes.passive}>
      <div className={classes.mark} data-testid={testId}>
        {words}
      </div>
    </foreignObject>
  )
}
