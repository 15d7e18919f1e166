/** Which commands can be given and which are on, watched. */
import { useCallback, useSyncExternalStore } from 'react'

import { subscribeAll } from '../../kit/store'
import { type Command, COMMANDS } from './commands'
import type { Room } from './context'

const SHOWN: readonly Command[] = COMMANDS.filter(({ place }) => place !== 'keys')
const WATCHED = COMMANDS.flatMap(({ watches = [] }) => watches)

/** Draws again when a command becomes possible, impossible, on or off; not at every image that is scrolled past. */
export function useStanding(room: Room): void {
  const { view, history } = room
  const subscribe = useCallback(
    (listener: () => void) => subscribeAll([...WATCHED, history.state, ...(view ? [view.state] : [])], listener),
    [view, history],
  )
  useSyncExternalStore(subscribe, () => SHOWN.map((command) => standing(command, room)).join(''))
}

function standing(command: Command, room: Room): string {
  return `${command.enabled?.(room) === false ? 'x' : '-'}${command.pressed?.(room) === true ? 'o' : '-'}`
}
