/** The words over an image. They speak of the image whose pixels are shown, read from its own metadata (docs/safety). */
import { useTranslation } from 'react-i18next'

import type { Frame } from '../dicomweb/frame'
import { number, personName, text } from '../dicomweb/json'
import { edgeLetters, type ScreenAxes, slicePosition } from '../dicomweb/orientation'
import { TAG } from '../dicomweb/tags'
import { readableDate, readableTime } from '../kit/dates'
import { marked } from '../kit/marked'
import { readableName } from '../kit/person-name'
import { isDrawnByServer } from './loader'
import classes from './Overlay.module.css'
import type { ViewState } from './view-state'

export interface OverlayProps {
  readonly frame: Frame
  readonly state: ViewState
  /** Said when more images of the series are still coming in. */
  readonly arrivingCount: number | undefined
  readonly uneven: boolean
}

export function Overlay({ frame, state, arrivingCount, uneven }: OverlayProps) {
  return (
    <div className={classes.overlay} data-testid="overlay">
      <Identity frame={frame} />
      <StudyWords frame={frame} />
      <Place frame={frame} state={state} arrivingCount={arrivingCount} />
      <Display frame={frame} state={state} uneven={uneven} />
      <Letters frame={frame} axes={state.axes} />
    </div>
  )
}

/** Upright, as a picture lies that nobody has turned yet. */
const UPRIGHT = { row: [1, 0], column: [0, 1] } as const

/** Whose picture comes, when it was taken, and its letters: no window, no place, no numbers. */
export function OverlayOfPreview({ frame }: { readonly frame: Frame }) {
  return (
    <div className={classes.overlay}>
      <Identity frame={frame} />
      <StudyWords frame={frame} />
      <Letters frame={frame} axes={UPRIGHT} />
    </div>
  )
}

function Identity({ frame }: { readonly frame: Frame }) {
  const { t, i18n } = useTranslation()
  const { dataSet } = frame
  const name = readableName(personName(dataSet, TAG.PatientName), i18n.language)
  const id = marked(text(dataSet, TAG.PatientID) ?? '')
  const born = readableDate(text(dataSet, TAG.PatientBirthDate))
  const sex = text(dataSet, TAG.PatientSex)
  return (
    <div className={classes.topLeft} data-testid="overlay-identity">
      {name || id ? <strong>{name?.main ?? t('list.noName')}</strong> : <strong className={classes.warn}>{t('viewer.noIdentity')}</strong>}
      {name?.other && <span>{name.other}</span>}
      {id && <span>{id}</span>}
      <span>{[born && t('viewer.bornShort', { date: born }), sex].filter(Boolean).join(' · ')}</span>
    </div>
  )
}

function StudyWords({ frame }: { readonly frame: Frame }) {
  const { t } = useTranslation()
  const { dataSet } = frame
  const when = [readableDate(text(dataSet, TAG.StudyDate)), readableTime(text(dataSet, TAG.StudyTime))].filter(Boolean).join(' ')
  const seriesNumber = number(dataSet, TAG.SeriesNumber)
  return (
    <div className={classes.topRight}>
      <strong>{when || t('list.noDate')}</strong>
      <span>{marked(text(dataSet, TAG.StudyDescription) ?? '')}</span>
      <span>
        {[seriesNumber !== undefined && t('viewer.seriesNumber', { number: seriesNumber }), marked(text(dataSet, TAG.SeriesDescription) ?? '')]
          .filter(Boolean)
          .join(' · ')}
      </span>
    </div>
  )
}

function Place({ frame, state, arrivingCount }: Omit<OverlayProps, 'uneven'>) {
  const { t } = useTranslation()
  const position = slicePosition(frame)
  return (
    <div className={classes.bottomLeft}>
      {arrivingCount !== undefined && (
        <span className={classes.warn} data-testid="overlay-arriving">
          {t('viewer.receivedArriving', { count: arrivingCount })}
        </span>
      )}
      <span data-testid="overlay-instance">{t('viewer.instance', { index: state.shownIndex + 1, count: state.count })}</span>
      {frame.frameCount > 1 && state.count !== frame.frameCount && (
        <span>{t('viewer.frame', { index: frame.frameNumber, count: frame.frameCount })}</span>
      )}
      {position !== undefined && <span className={classes.minor}>{t('viewer.sliceLocation', { mm: position.toFixed(1) })}</span>}
      {frame.sliceThickness !== undefined && (
        <span className={classes.minor}>{t('viewer.thickness', { mm: Number(frame.sliceThickness.toFixed(2)) })}</span>
      )}
    </div>
  )
}

function Display({ frame, state, uneven }: Omit<OverlayProps, 'arrivingCount'>) {
  const { t } = useTranslation()
  const rounded = (value: number) => (Math.abs(value) < 10 ? Number(value.toPrecision(3)) : Math.round(value))
  return (
    <div className={classes.bottomRight}>
      <Marks frame={frame} state={state} uneven={uneven} />
      {state.centre !== undefined && state.width !== undefined && (
        <span data-testid="overlay-window">
          {t('viewer.windowValues', { centre: rounded(state.centre), width: rounded(state.width) })}
        </span>
      )}
      <span data-testid="overlay-zoom">{t('viewer.zoomValue', { percent: Math.round(state.zoom * 100) })}</span>
    </div>
  )
}

/** What must not be overlooked: loss, resampling, who drew it, and that the picture is turned. */
function Marks({ frame, state, uneven }: Omit<OverlayProps, 'arrivingCount'>) {
  const { t } = useTranslation()
  const ratio = frame.lossyRatio
  const changes = [
    (state.flipHorizontal || state.flipVertical) && t('viewer.flipped'),
    state.rotation !== 0 && t('viewer.rotated', { degrees: state.rotation }),
    state.inverted && t('viewer.inverted'),
  ].filter(Boolean)
  return (
    <>
      {frame.lossy && (
        <span className={classes.mark} title={t('viewer.lossyDetail')} data-testid="overlay-lossy">
          {ratio === undefined ? t('viewer.lossy') : t('viewer.lossyRatio', { ratio: Number(ratio.toPrecision(3)) })}
        </span>
      )}
      {uneven && <span className={classes.mark}>{t('viewer.unevenSpacing')}</span>}
      {state.imageId && isDrawnByServer(state.imageId) && <span className={classes.mark}>{t('viewer.serverDrawn')}</span>}
      {changes.length > 0 && <span className={classes.warn}>{changes.join(' · ')}</span>}
    </>
  )
}

function Letters({ frame, axes }: { readonly frame: Frame; readonly axes: ScreenAxes | undefined }) {
  const letters = axes && edgeLetters(frame, axes)
  if (!letters) return null
  return (
    <div data-testid="overlay-letters">
      <b className={classes.letterTop}>{letters.top}</b>
      <b className={classes.letterBottom}>{letters.bottom}</b>
      <b className={classes.letterLeft}>{letters.left}</b>
      <b className={classes.letterRight}>{letters.right}</b>
    </div>
  )
}
