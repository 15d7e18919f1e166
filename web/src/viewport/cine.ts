/** Cine: shows the next image when its time has come and it is loaded; slow loading slows the film, it never skips. */

export interface Film {
  /** Shows the next image; resolves when it is on screen. */
  advance(): Promise<void>
  framesPerSecond(): number
}

/** Starts playing; the returned function stops it. */
export function playFilm(film: Film): () => void {
  const projector = { stopped: false }
  let due = performance.now()
  const tick = async (): Promise<void> => {
    while (!projector.stopped) {
      due = Math.max(due + 1000 / film.framesPerSecond(), performance.now())
      await new Promise((resolve) => setTimeout(resolve, due - performance.now()))
      if (!projector.stopped) await film.advance().catch(() => undefined)
    }
  }
  void tick()
  return () => {
    projector.stopped = true
  }
}
