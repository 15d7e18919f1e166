/** Whether a reader wants the next study fetched ahead: unless she says otherwise. */
import { keepPreference, preference, usePreference } from '../../../api/preferences'

const NAME = 'next_study_ahead'
const read = (part: unknown): boolean => part !== false

export const fetchesAhead = (): boolean => read(preference(NAME))
export const useFetchesAhead = (): boolean => usePreference(NAME, read)

export function keepFetchingAhead(wanted: boolean): void {
  keepPreference(NAME, wanted)
}
