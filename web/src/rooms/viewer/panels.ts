/** The panels at the right side (a sheet on the phone). A topic adds its own line; the toolbar offers each by its icon. */
import type { ParseKeys } from 'i18next'
import type { ComponentType } from 'react'

import type { IconName } from '../../brand/Icon'
import { CommandMenu } from './CommandMenu'
import { HandOverPanel } from './hand-over/HandOverPanel'
import { HangingPanel } from './hanging/HangingPanel'
import { HelpPanel } from './HelpPanel'
import { OverlaysPanel } from './overlays/OverlaysPanel'
import { MeasurementsPanel } from './measuring/MeasurementsPanel'
import { ViewsPanel } from './measuring/ViewsPanel'
import { PriorsPanel } from './priors/PriorsPanel'

export interface PanelProps {
  readonly onClose: () => void
}

export interface SidePanel {
  readonly id: string
  readonly icon: IconName
  readonly words: ParseKeys
  /** Asks `useRoom()` for what it needs. */
  readonly Panel: ComponentType<PanelProps>
  /** sheet: over the whole room, for long things; the keys of the room rest meanwhile. */
  readonly shape?: 'beside' | 'sheet'
}

export const PANELS: readonly SidePanel[] = [
  { id: 'priors', icon: 'history', words: 'comparing.priors.title', Panel: PriorsPanel },
  { id: 'hanging', icon: 'hanging', words: 'comparing.hanging.title', Panel: HangingPanel },
  { id: 'hand-over', icon: 'phone', words: 'comparing.handOver.show', shape: 'sheet', Panel: HandOverPanel },
  { id: 'overlays', icon: 'layers', words: 'objects.overlays', Panel: OverlaysPanel },
  { id: 'commands', icon: 'menu', words: 'room.commands', shape: 'sheet', Panel: CommandMenu },
  { id: 'help', icon: 'help', words: 'help.title', shape: 'sheet', Panel: HelpPanel },
  { id: 'measurements', icon: 'measure', words: 'measuring.panel', Panel: MeasurementsPanel },
  { id: 'views', icon: 'keyImage', words: 'measuring.views.panel', Panel: ViewsPanel },
]
