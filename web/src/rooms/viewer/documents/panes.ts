/** What shows the series that are no stack of images. */
import { isEncapsulated, isOnlyOverlay, isReport, isWaveform } from '../../../dicomweb/sop-classes'
import type { DocumentPane } from '../panes'
import { FilePane } from './FilePane'
import { OverlayPane } from './OverlayPane'
import { ReportPane } from './ReportPane'
import { VideoPane } from './VideoPane'
import { WaveformPane } from './WaveformPane'

export const OBJECT_PANES: readonly DocumentPane[] = [
  { id: 'report', shows: ({ first }) => isReport(first?.sop_class_uid), Pane: ReportPane },
  { id: 'file', shows: ({ first }) => isEncapsulated(first?.sop_class_uid), Pane: FilePane },
  { id: 'waveform', shows: ({ first }) => isWaveform(first?.sop_class_uid), Pane: WaveformPane },
  { id: 'video', shows: (series) => series.why_not === 'video', Pane: VideoPane },
  { id: 'overlay', shows: ({ first }) => isOnlyOverlay(first?.sop_class_uid), Pane: OverlayPane },
]
