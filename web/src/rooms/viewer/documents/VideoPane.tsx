/** A video: played by the browser from the stored stream, by time and by frame. */
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { watchedFetch } from '../../../api/client'
import { Icon } from '../../../brand/Icon'
import type { DataSet } from '../../../dicomweb/json'
import { type Container, containerOf, frameAt, recordedFrames, recordedRate, timeOf } from '../../../dicomweb/video'
import type { DocumentPaneProps } from '../panes'
import { DocumentFrame } from './DocumentFrame'
import type { Instance } from './use-instances'
import classes from './VideoPane.module.css'

export function VideoPane({ studyInstanceUid, series }: DocumentPaneProps) {
  const { t } = useTranslation()
  return (
    <DocumentFrame studyInstanceUid={studyInstanceUid} series={series} kind={t('objects.video')}>
      {(dataSet, instance) => <Stream key={instance.address} dataSet={dataSet} instance={instance} />}
    </DocumentFrame>
  )
}

/** The first bytes of the stream tell whether trying is worth it, and why not. */
async function container(address: string, signal: AbortSignal): Promise<Container> {
  const response = await watchedFetch(new Request(address, { headers: { Range: 'bytes=0-255' }, signal }))
  if (!response.ok) throw new Error(`video ${response.status}`)
  return containerOf(new Uint8Array(await response.arrayBuffer()))
}

function Stream({ dataSet, instance }: { readonly dataSet: DataSet; readonly instance: Instance }) {
  const { t } = useTranslation()
  const address = `${instance.address}/rendered`
  const { data: kind, isError } = useQuery({ queryKey: ['video', address], queryFn: ({ signal }) => container(address, signal), staleTime: Infinity })
  const [broken, setBroken] = useState(false)
  if (isError) return <p role="alert">{t('viewer.badFrameMissing')}</p>
  if (!kind) return <p role="status">{t('viewer.loadingImage')}</p>
  if (kind !== 'mp4' || broken) return <CannotPlay kind={kind} address={address} />
  return <Player dataSet={dataSet} address={address} onBroken={() => setBroken(true)} />
}

function CannotPlay({ kind, address }: { readonly kind: Container; readonly address: string }) {
  const { t } = useTranslation()
  return (
    <div className={classes.why} data-testid="cell-message">
      <Icon name="document" size={36} />
      <strong>{t('viewer.cannotDraw')}</strong>
      <span>{t(kind === 'mp4' ? 'objects.videoCodec' : kind === 'unknown' ? 'objects.videoUnknown' : 'objects.videoContainer')}</span>
      <a href={address} download>
        {t('objects.downloadFile')}
      </a>
    </div>
  )
}

interface PlayerProps {
  readonly dataSet: DataSet
  readonly address: string
  readonly onBroken: () => void
}

function Player({ dataSet, address, onBroken }: PlayerProps) {
  const { t } = useTranslation()
  const video = useRef<HTMLVideoElement>(null)
  const rate = recordedRate(dataSet)
  const count = recordedFrames(dataSet)
  const [seconds, setSeconds] = useState(0)
  const step = (by: number) => {
    if (!video.current || rate === undefined) return
    video.current.pause()
    video.current.currentTime = timeOf(Math.max(1, frameAt(video.current.currentTime, rate, count) + by), rate)
  }
  return (
    <div className={classes.player}>
      {/* oxlint-disable-next-line jsx-a11y/media-has-caption -- what was filmed has no words */}
      <video
        ref={video}
        className={classes.video}
        src={address}
        controls
        playsInline
        preload="auto"
        data-testid="video"
        onError={onBroken}
        onTimeUpdate={(event) => setSeconds(event.currentTarget.currentTime)}
        onSeeked={(event) => setSeconds(event.currentTarget.currentTime)}
      />
      <div className={classes.bar}>
        {rate === undefined ? (
          <span>{t('objects.noFrameRate')}</span>
        ) : (
          <>
            <StepButton words={t('objects.frameBack')} onClick={() => step(-1)}>
              −1
            </StepButton>
            <span data-testid="video-frame">
              {t('objects.frameOf', { frame: frameAt(seconds, rate, count), frames: count ?? '?' })} · {t('objects.rate', { rate: Number(rate.toFixed(2)) })}
            </span>
            <StepButton words={t('objects.frameForward')} onClick={() => step(1)}>
              +1
            </StepButton>
          </>
        )}
      </div>
    </div>
  )
}

function StepButton({ words, onClick, children }: { readonly words: string; readonly onClick: () => void; readonly children: ReactNode }) {
  return (
    <button type="button" className={classes.step} aria-label={words} title={words} onClick={onClick}>
      {children}
    </button>
  )
}
