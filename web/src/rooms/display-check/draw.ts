/** Puts the pattern on a canvas whose pixels are those of the screen. */
import type { Mark } from './pattern'

const grey = (level: number) => `rgb(${level} ${level} ${level})`

export function draw(canvas: HTMLCanvasElement, marks: readonly Mark[]): void {
  const pencil = canvas.getContext('2d', { alpha: false })
  if (!pencil) return
  pencil.textAlign = 'center'
  pencil.textBaseline = 'middle'
  for (const mark of marks) {
    pencil.fillStyle = grey(mark.level)
    if (mark.kind === 'rectangle') pencil.fillRect(mark.x, mark.y, mark.width, mark.height)
    else {
      pencil.font = `600 ${mark.size}px sans-serif`
      pencil.fillText(mark.text, mark.x, mark.y)
    }
  }
}
