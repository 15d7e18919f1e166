/** The beginning of a picture, drawn where and as its whole will be, with the words that it is not whole. */
import { useEffect, useLayoutEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'

import type { Frame } from '../dicomweb/frame'
import { useStore } from '../kit/store'
import { OverlayOfPreview } from './Overlay'
import classes from './PreviewPicture.module.css'
import { lookForward, type Preview, previews } from './preview'

/** What is there of a picture that the viewport waits for with nothing to show. */
export function usePreview(imageId: string | undefined): Preview | undefined {
  useEffect(() => (imageId === undefined ? undefined : lookForward(imageId)), [imageId])
  const all = useStore(previews)
  return imageId === undefined ? undefined : all.get(imageId)
}

/** Width to height of the whole picture on the screen. */
function shapeOf({ rows, columns, spacing, aspect }: Frame): number {
  const [tall, wide] = spacing ?? aspect ?? [1, 1]
  return (columns * wide) / (rows * tall)
}

export function PreviewPicture({ preview, frame }: { readonly preview: Preview; readonly frame: Frame }) {
  const { t } = useTranslation()
  const { columns, rows, pixels } = preview
  const canvas = useRef<HTMLCanvasElement>(null)
  useLayoutEffect(() => {
    canvas.current?.getContext('2d')?.putImageData(new ImageData(pixels, columns, rows), 0, 0)
  }, [columns, rows, pixels])
  const shape = shapeOf(frame)
  return (
    <div className={classes.preview} data-testid="preview">
      <canvas
        ref={canvas}
        data-preview
        aria-hidden
        width={columns}
        height={rows}
        style={{ aspectRatio: shape, width: `min(100cqw, ${100 * shape}cqh)` }}
      />
      <OverlayOfPreview frame={frame} />
      <p role="status" className={classes.words}>
        <strong>{t('preview.loadingDetail')}</strong>
        <span>{t('preview.notYet')}</span>
      </p>
    </div>
  )
}
