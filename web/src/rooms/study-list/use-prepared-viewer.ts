/**
 * While the list is read, the viewer's code is fetched and its graphics are made ready, so that the first image comes at once; and a
 * study is asked for when the pointer goes down on its link, a moment before the click is one.
 */
import { useEffect } from 'react'

const whenIdle = (work: () => void): void => {
  if ('requestIdleCallback' in window) window.requestIdleCallback(work, { timeout: 2000 })
  else setTimeout(work, 500)
}

export function usePreparedViewer(ready: boolean): void {
  useEffect(() => {
    if (!ready) return undefined
    whenIdle(() => {
      void import('../viewer/ViewerRoom').then((viewer) => whenIdle(viewer.prepare))
    })
    document.addEventListener('pointerdown', askEarly)
    return () => document.removeEventListener('pointerdown', askEarly)
  }, [ready])
}

function askEarly({ target, button }: PointerEvent): void {
  const link = target instanceof Element ? target.closest<HTMLAnchorElement>('a[data-study-link]') : null
  const study = /\/studies\/([^/?#]+)/.exec(link?.pathname ?? '')?.[1]
  if (study && button === 0) void import('../viewer/opening').then(({ openEarly }) => openEarly(decodeURIComponent(study)))
}
