/** Design tokens: every colour, radius and measure of the client, once. Two rooms: a light office, a dark reading room. */

/** Petrol: the one colour that asks for attention. Index 6 on white and 4 on the dark room pass WCAG AA. */
export const petrol = [
  '#ecf7f7',
  '#d6ebec',
  '#abd7d9',
  '#7dc2c6',
  '#58b1b6',
  '#2f949b',
  '#14727b',
  '#0f5c66',
  '#0c4a53',
  '#083840',
] as const

/** Greys of the office, a little cool. */
export const slate = [
  '#f5f7f8',
  '#eceff1',
  '#dfe4e8',
  '#c6ced4',
  '#9aa6af',
  '#66737e',
  '#4f5b66',
  '#36424c',
  '#232d36',
  '#141b22',
] as const

/** Greys of the reading room: near black, so that the image is the brightest thing. Mantine's "dark" scale, light to dark. */
export const night = [
  '#d5dbe0',
  '#b4bdc5',
  '#93a0aa',
  '#6f7d88',
  '#3d4852',
  '#2a333b',
  '#1c2329',
  '#12171b',
  '#0c1013',
  '#06080a',
] as const

export interface RoomColours {
  readonly ground: string
  readonly surface: string
  readonly raised: string
  readonly line: string
  readonly text: string
  readonly quiet: string
  readonly accent: string
  readonly accentSoft: string
  readonly warning: string
  readonly danger: string
}

export const office: RoomColours = {
  ground: slate[0],
  surface: '#ffffff',
  raised: slate[1],
  line: slate[2],
  text: slate[8],
  quiet: '#5b6872',
  accent: petrol[6],
  accentSoft: petrol[0],
  warning: '#8a5300',
  danger: '#b3261e',
}

export const readingRoom: RoomColours = {
  ground: night[9],
  surface: night[7],
  raised: night[6],
  line: night[5],
  text: night[0],
  quiet: night[2],
  accent: petrol[4],
  accentSoft: '#10292d',
  warning: '#f0b357',
  danger: '#ff8a80',
}

/** System fonts, with those of each platform for Chinese; nothing is fetched. */
export const fonts = {
  text: '-apple-system, "Segoe UI Variable Text", "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", "PingFang SC", "Microsoft YaHei UI", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif',
  mono: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace',
} as const

export const measures = {
  headerHeight: '3.5rem',
  pageWidth: '90rem',
  radius: '0.5rem',
  thumbnailWidth: '11rem',
} as const

/** Below this width the list shows cards and the viewer moves its thumbnails below the image. */
export const PHONE = '(max-width: 47.99em)'
