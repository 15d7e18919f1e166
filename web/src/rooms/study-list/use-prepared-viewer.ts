/** While the list is read, the viewer's code is fetched and its graphics are made ready, so that the first image comes at once. */
import { useEffect } from 'react'

const whenIdle = (work: () => void): void => {
  if ('requestIdleCallback' in window) window.requestIdleCallback(work, { timeout: 2000 })
  else setTimeout(work, 500)
}

export function usePreparedViewer(ready: boolean): void {
  useEffect(() => {
    if (!ready) return
    whenIdle(() => {
      void import('../viewer/ViewerRoom').then((viewer) => whenIdle(viewer.prepare))
    })
  }, [ready])
}
