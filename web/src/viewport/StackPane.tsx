/** One viewport as a component: the canvas, its overlay, its progress, and the message where no image can be shown. */
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'

import { Icon } from '../brand/Icon'
import { keyOf } from '../dicomweb/addresses'
import { frameOf } from './known-frames'
import type { Layer } from './layers'
import { LayerStack } from './LayerStack'
import { Overlay } from './Overlay'
import { PreviewPicture, usePreview } from './PreviewPicture'
import classes from './StackPane.module.css'
import { StackView } from './stack-view'
import { useViewState } from './use-view-state'
import { NOTHING, type ViewState } from './view-state'

export interface StackPaneProps {
  readonly viewportId: string
  /** Changes when another series is to be shown; while it stays, images are only added. */
  readonly stackKey: string
  readonly imageIds: readonly string[]
  /** False while only the first image of the series is known. */
  readonly whole: boolean
  readonly uneven: boolean
  readonly arrivingCount: number | undefined
  readonly layers: readonly Layer[]
  /** False for the tiles of a mosaic but the first, which fetches ahead for all. */
  readonly leads?: boolean
  readonly onView: (view: StackView | undefined) => void
}

export function StackPane(props: StackPaneProps) {
  const element = useRef<HTMLDivElement>(null)
  const view = useStackView(element, props)
  const drawn = useViewState(view)
  // Another series was chosen and nothing of it is known yet: what is still drawn is not what was asked for.
  const another = drawn.imageId !== undefined && keyOf(drawn.imageId).seriesInstanceUid !== props.stackKey
  const state = another ? { ...NOTHING, phase: 'loading' as const } : drawn
  const frame = frameOf(state.imageId)
  const veiled = state.phase === 'failed' || state.imageId === undefined
  const waitedFor = another || !view ? props.imageIds[0] : view.stack()[state.index]
  return (
    <div className={classes.pane} data-phase={state.phase} data-image-index={state.shownIndex} data-viewport={props.viewportId}>
      <div ref={element} className={classes.canvas} onContextMenu={(event) => event.preventDefault()}>
        {view && <LayerStack layers={props.layers} view={view} state={state} />}
      </div>
      {veiled && <div className={classes.veil}>{state.phase === 'failed' ? <Failure state={state} view={view} /> : <Waiting imageId={waitedFor} />}</div>}
      {frame && !veiled && <Overlay frame={frame} state={state} arrivingCount={props.arrivingCount} uneven={props.uneven} />}
      {view && <Progress view={view} />}
    </div>
  )
}

function useStackView(element: React.RefObject<HTMLDivElement | null>, props: StackPaneProps): StackView | undefined {
  const { viewportId, stackKey, imageIds, whole, leads = true, onView } = props
  const [view, setView] = useState<StackView>()
  const shownKey = useRef<string>(undefined)
  useEffect(() => {
    if (!element.current) return undefined
    const made = new StackView(viewportId, element.current)
    shownKey.current = undefined
    // oxlint-disable-next-line react/set-state-in-effect -- a viewport can only be made on an element that is there
    setView(made)
    onView(made)
    return () => {
      onView(undefined)
      setView(undefined)
      made.destroy()
    }
  }, [element, viewportId, onView])
  useEffect(() => {
    if (!view) return
    if (imageIds.length === 0) {
      if (shownKey.current !== stackKey) view.clear()
      return
    }
    if (shownKey.current === stackKey) {
      view.extend(imageIds, whole)
    } else {
      shownKey.current = stackKey
      void view.show(imageIds, whole)
    }
    if (whole && leads) view.startPrefetch()
  }, [view, stackKey, imageIds, whole, leads])
  return view
}

function Waiting({ imageId }: { readonly imageId: string | undefined }) {
  const { t } = useTranslation()
  const preview = usePreview(imageId)
  const frame = frameOf(imageId)
  if (preview && frame) return <PreviewPicture preview={preview} frame={frame} />
  return (
    <div className={classes.waiting} role="status">
      <span className={classes.spinner} />
      <span className="visually-hidden">{t('viewer.loadingImage')}</span>
    </div>
  )
}

const FAILURE_TEXT = {
  undecodable: 'viewer.badFrameDetail',
  unavailable: 'viewer.badFrameMissing',
  lost: 'viewer.badFrameLost',
} as const

function Failure({ state, view }: { readonly state: ViewState; readonly view: StackView | undefined }) {
  const { t } = useTranslation()
  if (state.failure === 'no-pixels') return <NoPicture state={state} />
  return (
    <div className={classes.message} role="alert" data-testid="frame-failure">
      <Icon name="warning" size={32} />
      <strong>{t('viewer.badFrame')}</strong>
      <span>{t(FAILURE_TEXT[state.failure ?? 'undecodable'])}</span>
      <span className={classes.place}>{t('viewer.instance', { index: state.index + 1, count: state.count })}</span>
      <button type="button" className={classes.retry} onClick={() => void view?.retry()}>
        {t('common.retry')}
      </button>
    </div>
  )
}

/** Nothing went wrong, and asking again would change nothing. */
function NoPicture({ state }: { readonly state: ViewState }) {
  const { t } = useTranslation()
  return (
    <div className={classes.message} role="status" data-testid="cell-message">
      <Icon name="document" size={32} />
      <strong>{t('viewer.noPicture')}</strong>
      <span>{t('viewer.badFrameNoPixels')}</span>
      <span>{t('viewer.kept')}</span>
      <span className={classes.place}>{t('viewer.instance', { index: state.index + 1, count: state.count })}</span>
    </div>
  )
}

function Progress({ view }: { readonly view: StackView }) {
  const { t } = useTranslation()
  const share = useSyncExternalStore(view.prefetch.share.subscribe, view.prefetch.share.get)
  if (share >= 1 || share === 0) return null
  const percent = Math.round(share * 100)
  return (
    <div
      className={classes.progress}
      role="progressbar"
      aria-label={t('viewer.imagesLoaded', { percent })}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <div style={{ width: `${percent}%` }} />
    </div>
  )
}
