/** The screen as the browser tells it. */
export interface Screen {
  readonly width: number
  readonly height: number
  readonly pixel_ratio: number
  readonly colour_depth: number
}

export function screenNow(): Screen {
  const { width, height, colorDepth } = window.screen
  return { width, height, pixel_ratio: devicePixelRatio, colour_depth: colorDepth }
}
