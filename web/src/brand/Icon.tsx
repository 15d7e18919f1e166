/** Our icons: 24-unit line drawings, decorative; the control that holds one carries its name. */
const DRAWINGS = {
  search: 'M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13M15.2 15.2 20 20',
  close: 'M6 6l12 12M18 6 6 18',
  back: 'M15 5l-7 7 7 7',
  down: 'M6 9l6 6 6-6',
  ascending: 'M7 14l5-5 5 5',
  descending: 'M7 10l5 5 5-5',
  account: 'M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8M4.5 20c.8-3.6 3.8-5.5 7.5-5.5s6.700 1.900 7.500 5.500',
  globe: 'M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17M3.500 12h17M12 3.500c5 4.700 5 12.300 0 17M12 3.500c-5 4.700-5 12.300 0 17',
  leave: 'M14 5H6v14h8M10.500 12H20M16.500 8.500 20 12l-3.500 3.500',
  key: 'M8 11a4 4 0 1 1 0 8 4 4 0 0 1 0-8M11 12.200 19 4.500M16 7.500l2.500 2.500',
  info: 'M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17M12 11v5.500M12 7.800v.2',
  filters: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4',
  calendar: 'M5 6h14v13H5zM5 10h14M9 3.500V7M15 3.500V7',
  window: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16M12 4v16M12 8h3.500M12 12h4.500M12 16h3.500',
  scroll: 'M5 8h14v4H5zM7 16h10M9 20h6M9 4h6',
  zoom: 'M10.500 4a6.500 6.500 0 1 1 0 13 6.500 6.500 0 0 1 0-13M15.200 15.200 20 20M7.500 10.500h6M10.500 7.500v6',
  pan: 'M12 3.500v17M3.500 12h17M9.500 6 12 3.500 14.500 6M9.500 18l2.500 2.500 2.500-2.500M6 9.500 3.500 12 6 14.500M18 9.500l2.500 2.500-2.500 2.500',
  invert: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16M12 4v16M12 6.500h4M12 9.500h6.500M12 12.500h7M12 15.500h6M12 18.500h3',
  rotate: 'M18.500 8.500A7.500 7.500 0 1 0 19.500 13M19 4.500v4.500h-4.500',
  flipHorizontal: 'M12 3.500v17M9 7v10H3.500zM15 7v10h5.500z',
  flipVertical: 'M3.500 12h17M7 9h10V3.500zM7 15h10v5.500z',
  reset: 'M5.500 8.500A7.500 7.500 0 1 1 4.500 13M5 4.500v4.500h4.500',
  play: 'M8 5.500v13l10.500-6.500z',
  pause: 'M8.500 5.500v13M15.500 5.500v13',
  layout1: 'M4.500 5h15v14h-15z',
  layout2: 'M4.500 5h15v14h-15zM12 5v14',
  layout4: 'M4.500 5h15v14h-15zM12 5v14M4.500 12h15',
  help: 'M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17M9.500 9.800c.2-1.500 1.200-2.300 2.600-2.300 1.500 0 2.500.9 2.500 2.200 0 1.900-2.500 2-2.500 3.900M12 16.500v.2',
  sealed: 'M5 12.500l4.500 4.500L19 7.500',
  warning: 'M12 4.500 3.500 19h17zM12 10v4.500M12 16.800v.2',
  document: 'M7 3.500h7l4 4v13H7zM14 3.500v4h4M9.500 12h6M9.500 15.500h6',
  more: 'M5.500 12h.1M12 12h.1M18.500 12h.1',
  presets: 'M4 17l5-10 4 7 3-4 4 7',
} as const

export type IconName = keyof typeof DRAWINGS

export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 2.6 : 1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={DRAWINGS[name]} />
    </svg>
  )
}
