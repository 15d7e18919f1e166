/** When no viewer has asked for a series for a while, or nobody is signed in any more, its headers, bytes and pixels go. */
import { queryClient } from '../../query-client'
import { forgetImages } from '../../viewport/forget'

const cache = queryClient.getQueryCache()

/** queryKey: ['frames', study, series, …] with the image ids of the series in data.imageIds. Called once. */
export function forgetUnusedSeries(): () => void {
  return cache.subscribe(({ type, query }) => {
    const [what, study, series] = query.queryKey as string[]
    if (type !== 'removed' || what !== 'frames') return
    // While a series grows it is known under several counts; the last one to go takes the images with it.
    if (cache.findAll({ queryKey: ['frames', study, series] }).some((other) => other !== query)) return
    const data = query.state.data as { readonly imageIds: readonly string[] } | undefined
    if (data) forgetImages(data.imageIds)
  })
}
