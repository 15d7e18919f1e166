/** The view that was handed to this device, until the reading room has shown it. */
import { createStore, type Store } from '../../../kit/store'
import type { HandedView } from './view'

export interface Handed {
  readonly studyInstanceUid: string
  readonly view: HandedView
}

export const handed: Store<Handed | undefined> = createStore<Handed | undefined>(undefined)
