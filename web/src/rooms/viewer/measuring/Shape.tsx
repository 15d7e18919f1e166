/** One measurement over the picture: its lines, its numbers, its handles. */
import { linesOf } from '../../../measuring/editing'
import type { ImagePoint, MeasurementKind } from '../../../measuring/measurement'
import type { ScreenPoint } from '../../../viewport/layers'
import classes from './Measuring.module.css'

type ToScreen = (point: ImagePoint) => ScreenPoint

const written = (points: readonly ScreenPoint[]): string => points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')

interface LinesProps {
  readonly kind: MeasurementKind
  readonly points: readonly ImagePoint[]
  readonly toScreen: ToScreen
  /** Whether it can be taken hold of. */
  readonly held?: boolean
}

/** The lines, twice: a wide unseen one to take hold of, and the one that is seen on a dark edge. */
export function Lines({ kind, points, toScreen, held = false }: LinesProps) {
  const lines = linesOf(kind, points).map((line) => line.map(toScreen))
  return (
    <>
      {lines.map((line, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- a line is its place in the shape
        <g key={index}>
          {line.length > 1 ? (
            <>
              {held && <polyline points={written(line)} className={classes.grip} data-takes-pointer />}
              <polyline points={written(line)} className={classes.edge} />
              <polyline points={written(line)} className={classes.line} />
            </>
          ) : (
            line[0] && <Place at={line[0]} held={held} />
          )}
        </g>
      ))}
      {kind === 'arrow' && points[0] && points[1] && <Head tip={toScreen(points[0])} tail={toScreen(points[1])} />}
    </>
  )
}

/** A cross at a point: a probe, the place of a text. */
function Place({ at: [x, y], held }: { readonly at: ScreenPoint; readonly held: boolean }) {
  const cross = `M${x - 7} ${y}h4M${x + 3} ${y}h4M${x} ${y - 7}v4M${x} ${y + 3}v4`
  return (
    <>
      {held && <circle cx={x} cy={y} r={12} className={classes.grip} data-takes-pointer />}
      <path d={cross} className={classes.edge} />
      <path d={cross} className={classes.line} />
    </>
  )
}

function Head({ tip: [x, y], tail }: { readonly tip: ScreenPoint; readonly tail: ScreenPoint }) {
  const angle = Math.atan2(tail[1] - y, tail[0] - x)
  const barb = (turn: number) => `L${x + 12 * Math.cos(angle + turn)} ${y + 12 * Math.sin(angle + turn)}`
  const path = `M${x} ${y}${barb(0.42)}M${x} ${y}${barb(-0.42)}`
  return (
    <>
      <path d={path} className={classes.edge} />
      <path d={path} className={classes.line} />
    </>
  )
}

interface NumbersProps {
  readonly points: readonly ImagePoint[]
  readonly lines: readonly string[]
  readonly toScreen: ToScreen
  readonly size: readonly [number, number]
  readonly id?: string
}

const LINE_PX = 16
/** A character's width on average, to keep words within the pane. */
const CHARACTER_PX = 7.5

/** The words beside a shape: at its right, or at its left where there is no room. */
export function Numbers({ points, lines, toScreen, size, id }: NumbersProps) {
  const screen = points.map(toScreen)
  const right = screen.reduce((most, point) => (point[0] > most[0] ? point : most), screen[0] ?? [0, 0])
  const left = screen.reduce((most, point) => (point[0] < most[0] ? point : most), screen[0] ?? [0, 0])
  if (lines.length === 0) return null
  const width = Math.max(...lines.map((line) => line.length)) * CHARACTER_PX
  const onRight = right[0] + 10 + width < size[0] || left[0] - 10 - width < 0
  const x = onRight ? Math.min(right[0] + 10, Math.max(4, size[0] - width)) : left[0] - 10
  const y = Math.min(Math.max((onRight ? right : left)[1], LINE_PX), Math.max(LINE_PX, size[1] - LINE_PX * lines.length))
  return (
    <text className={classes.numbers} textAnchor={onRight ? 'start' : 'end'} data-testid="measured" data-measurement={id}>
      {lines.map((line, index) => (
        <tspan key={line} x={x} y={y + 4 + index * LINE_PX}>
          {line}
        </tspan>
      ))}
    </text>
  )
}
