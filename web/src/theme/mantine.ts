/** The tokens handed to Mantine, and offered to our style sheets as --iso-… variables. */
import { createTheme, type CSSVariablesResolver, defaultVariantColorsResolver, type VariantColorsResolver } from '@mantine/core'

import { fonts, measures, night, office, petrol, readingRoom, type RoomColours } from './tokens'

/** Mantine chooses the words of a filled button by the shade of the light scheme; in the dark room they must fit the dark one's. */
const readableButtons: VariantColorsResolver = (input) => {
  const usual = defaultVariantColorsResolver(input)
  const primary = input.color === undefined || input.color === input.theme.primaryColor
  return input.variant === 'filled' && primary ? { ...usual, color: 'var(--mantine-primary-color-contrast)' } : usual
}

/** What opens is there at once and what closes is gone at once: keys pressed while a menu fades would be the menu's (decision 0383). */
const AT_ONCE = { transitionProps: { duration: 0 } }

export const theme = createTheme({
  primaryColor: 'petrol',
  primaryShade: { light: 6, dark: 4 },
  colors: { petrol, dark: night },
  fontFamily: fonts.text,
  fontFamilyMonospace: fonts.mono,
  defaultRadius: 'md',
  autoContrast: true,
  variantColorResolver: readableButtons,
  black: office.text,
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  headings: { fontWeight: '600' },
  components: {
    Tooltip: { defaultProps: { openDelay: 350, withArrow: false, fz: 'xs' } },
    Menu: { defaultProps: { shadow: 'md', ...AT_ONCE } },
    Popover: { defaultProps: AT_ONCE },
    Modal: { defaultProps: AT_ONCE },
    Drawer: { defaultProps: AT_ONCE },
  },
})

function variables(colours: RoomColours): Record<string, string> {
  return {
    '--iso-ground': colours.ground,
    '--iso-surface': colours.surface,
    '--iso-raised': colours.raised,
    '--iso-line': colours.line,
    '--iso-text': colours.text,
    '--iso-quiet': colours.quiet,
    '--iso-accent': colours.accent,
    '--iso-accent-soft': colours.accentSoft,
    '--iso-warning': colours.warning,
    '--iso-danger': colours.danger,
    '--mantine-color-body': colours.surface,
    '--mantine-color-text': colours.text,
    '--mantine-color-dimmed': colours.quiet,
    '--mantine-color-placeholder': colours.quiet,
    '--mantine-color-error': colours.danger,
  }
}

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {
    '--iso-header-height': measures.headerHeight,
    '--iso-page-width': measures.pageWidth,
    '--iso-radius': measures.radius,
    '--iso-thumbnail-width': measures.thumbnailWidth,
    '--iso-mono': fonts.mono,
  },
  light: variables(office),
  dark: variables(readingRoom),
})
