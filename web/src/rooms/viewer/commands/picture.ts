/** Windows, polarity, turning, flipping, zooming of the picture in the active cell. */
import { PresetsMenu } from '../PresetsMenu'
import type { Command } from '../commands'
import type { Room } from '../context'
import { changing } from '../view-changes'

const hasPicture = ({ view }: Room) => view !== undefined

const preset = (number: number): Command => ({
  id: `preset-${number}`,
  group: 'picture',
  words: 'room.preset',
  values: { number },
  help: 'room.helpPreset',
  defaultKey: String(number),
  place: 'keys',
  enabled: ({ windows }) => windows().length >= number,
  run: (room) => {
    const voi = room.windows()[number - 1]?.voi()
    if (voi) changing(room, (view) => view.setVoi(voi))
  },
})

const picture = (facts: Omit<Command, 'group' | 'enabled'>): Command => ({ ...facts, group: 'picture', enabled: hasPicture })

export const PICTURE: readonly Command[] = [
  picture({
    id: 'presets',
    icon: 'presets',
    words: 'viewer.presets',
    help: 'room.helpPresets',
    place: 'bar',
    Control: PresetsMenu,
    run: () => undefined,
  }),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map(preset),
  picture({
    id: 'invert',
    icon: 'invert',
    words: 'viewer.invert',
    help: 'room.helpInvert',
    defaultKey: 'I',
    place: 'bar',
    run: (room) => changing(room, (view) => view.toggleInvert()),
  }),
  picture({
    id: 'rotate',
    icon: 'rotate',
    words: 'viewer.rotate',
    help: 'room.helpRotate',
    defaultKey: 'R',
    place: 'bar',
    run: (room) => changing(room, (view) => view.rotate(90)),
  }),
  picture({
    id: 'flip-horizontal',
    icon: 'flipHorizontal',
    words: 'viewer.flipHorizontal',
    help: 'room.helpFlipHorizontal',
    defaultKey: 'H',
    place: 'bar',
    run: (room) => changing(room, (view) => view.flip('horizontal')),
  }),
  picture({
    id: 'flip-vertical',
    icon: 'flipVertical',
    words: 'viewer.flipVertical',
    help: 'room.helpFlipVertical',
    defaultKey: 'V',
    place: 'bar',
    run: (room) => changing(room, (view) => view.flip('vertical')),
  }),
  picture({
    id: 'reset',
    icon: 'reset',
    words: 'viewer.reset',
    help: 'room.helpReset',
    defaultKey: '0',
    place: 'bar',
    run: (room) => changing(room, (view) => view.reset()),
  }),
  picture({
    id: 'zoom-in',
    words: 'room.zoomIn',
    help: 'room.helpZoomKeys',
    defaultKey: '+',
    place: 'keys',
    run: (room) => changing(room, (view) => view.zoomBy(1.2), 'zoom'),
  }),
  picture({
    id: 'zoom-out',
    words: 'room.zoomOut',
    help: 'room.helpZoomKeys',
    defaultKey: '-',
    place: 'keys',
    run: (room) => changing(room, (view) => view.zoomBy(1 / 1.2), 'zoom'),
  }),
]
