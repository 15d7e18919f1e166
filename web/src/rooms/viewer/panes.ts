/** Which pane shows a series: the stack, or a document pane for what is not a stack of images. A topic adds its own to PANES. */
import type { ComponentType } from 'react'

import type { Series } from '../../api/types'
import { OBJECT_PANES } from './documents/panes'

export interface DocumentPaneProps {
  readonly studyInstanceUid: string
  readonly series: Series
  /** Whether its cell is the active one. */
  readonly active: boolean
}

export interface DocumentPane {
  readonly id: string
  shows(series: Series): boolean
  readonly Pane: ComponentType<DocumentPaneProps>
}

const PANES: readonly DocumentPane[] = [...OBJECT_PANES]

/** The pane for a series; undefined where the stack shows it, or nothing can. */
export function paneFor(series: Series): DocumentPane | undefined {
  return PANES.find((pane) => pane.shows(series))
}
