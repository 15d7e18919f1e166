/** From study to study of the list that the reader came from. */
import { listed, placeInList } from '../../../api/listed'
import { watchPreferences } from '../../../api/preferences'
import type { Command } from '../commands'
import type { Room } from '../context'
import { fetchesAhead, keepFetchingAhead } from '../list/preference'

const placeOf = ({ studyInstanceUid }: Room) => placeInList(listed.get(), studyInstanceUid)

function go(room: Room, to: 'next' | 'previous'): void {
  const study = placeOf(room)?.[to]
  if (study) room.toStudy(study.study_instance_uid)
}

export const NEXT_STUDY: Command = {
  id: 'next-study',
  group: 'room',
  icon: 'forward',
  words: 'onList.next',
  help: 'onList.helpNext',
  defaultKey: 'Shift+PageDown',
  place: 'keys',
  enabled: (room) => placeOf(room)?.next !== undefined,
  run: (room) => go(room, 'next'),
}

export const PREVIOUS_STUDY: Command = {
  id: 'previous-study',
  group: 'room',
  icon: 'back',
  words: 'onList.previous',
  help: 'onList.helpPrevious',
  defaultKey: 'Shift+PageUp',
  place: 'keys',
  enabled: (room) => placeOf(room)?.previous !== undefined,
  run: (room) => go(room, 'previous'),
}

export const LIST: readonly Command[] = [
  NEXT_STUDY,
  PREVIOUS_STUDY,
  {
    id: 'fetch-ahead',
    group: 'room',
    words: 'onList.ahead',
    help: 'onList.helpAhead',
    place: 'keys',
    watches: [{ subscribe: watchPreferences, get: fetchesAhead }],
    pressed: fetchesAhead,
    run: () => keepFetchingAhead(!fetchesAhead()),
  },
]
