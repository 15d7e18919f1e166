/**
 * Several windows of one study, on several monitors: each follows the others. The tool is the same in all, and scrolling in one
 * scrolls the series that lie in the same place of the patient in the others. Messages hold UIDs and numbers only, and stay in this
 * browser, where the same person is signed in.
 */
import { useEffect, useRef } from 'react'

import { frameOf } from '../../viewport/known-frames'
import type { StackView } from '../../viewport/stack-view'
import type { Room } from './context'
import { nearestPlace, type Place, placeOf } from './place'

type Message = { readonly kind: 'tool'; readonly tool: string } | ({ readonly kind: 'place' } & Place) | { readonly kind: 'hello' }

const channelName = (studyInstanceUid: string) => `isocenter.study.${studyInstanceUid}`

/** The parts of the Window Management API that we use; not in every browser, and only with the reader's permission. */
interface ScreenDetails {
  readonly currentScreen: Screen
  readonly screens: readonly (Screen & { readonly availLeft: number; readonly availTop: number })[]
}

/** Opens the study in another window, on another monitor where the browser may place it there. */
export async function openWindow(studyInstanceUid: string): Promise<void> {
  const ask = (window as { getScreenDetails?: () => Promise<ScreenDetails> }).getScreenDetails
  const details = await ask?.call(window).catch(() => undefined)
  const other = details?.screens.find((screen) => screen !== details.currentScreen)
  const place = other
    ? `left=${other.availLeft},top=${other.availTop},width=${other.availWidth},height=${other.availHeight}`
    : `width=${window.outerWidth},height=${window.outerHeight}`
  window.open(`/studies/${studyInstanceUid}`, '_blank', `popup,${place}`)
}

/** Keeps this window together with the others of the same study. */
export function useOtherWindows({ studyInstanceUid, state, dispatch, views }: Room): void {
  const channel = useRef<BroadcastChannel>(undefined)
  const now = useRef({ views, tool: state.tool, dispatch })
  useEffect(() => {
    now.current = { views, tool: state.tool, dispatch }
  }, [views, state.tool, dispatch])
  useEffect(() => {
    const opened = new BroadcastChannel(channelName(studyInstanceUid))
    channel.current = opened
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has no other origin
    const say = (message: Message) => opened.postMessage(message)
    opened.addEventListener('message', ({ data }: MessageEvent<Message>) => {
      if (data.kind === 'hello') say({ kind: 'tool', tool: now.current.tool })
      else if (data.kind === 'tool') now.current.dispatch({ type: 'tool', tool: data.tool })
      else follow([...now.current.views.values()], data)
    })
    say({ kind: 'hello' })
    return () => opened.close()
  }, [studyInstanceUid])
  useTelling(channel, state.tool, views)
}

/** Tells the others what changes here by the reader's hand; what came from them is not told back. */
function useTelling(channel: React.RefObject<BroadcastChannel | undefined>, tool: string, views: Room['views']): void {
  const told = useRef(tool)
  useEffect(() => {
    if (told.current === tool) return
    told.current = tool
    channel.current?.postMessage({ kind: 'tool', tool } satisfies Message)
  }, [channel, tool])
  useEffect(() => {
    const ends = [...views.values()].map((view) => {
      let last = view.state.get().index
      return view.onChange(() => {
        const { index } = view.state.get()
        if (index === last) return
        last = index
        const place = followed.has(view) ? undefined : placeOf(frameOf(view.stack()[index]))
        if (place && document.hasFocus()) channel.current?.postMessage({ kind: 'place', ...place } satisfies Message)
      })
    })
    return () => ends.forEach((end) => end())
  }, [channel, views])
}

/** The views that another window scrolls right now. */
const followed = new Set<StackView>()

function follow(views: readonly StackView[], place: Place): void {
  for (const view of views) {
    const index = nearestPlace(place, view.stack().map(frameOf))
    if (index === undefined || index === view.state.get().index) continue
    followed.add(view)
    void view.scrollTo(index).finally(() => followed.delete(view))
  }
}
