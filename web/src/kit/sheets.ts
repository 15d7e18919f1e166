/** Whose a key is: a menu or a dialog has the keys that were pressed while it was open, also the one that closed it. */

const taken = new WeakSet<Event>()

/** Called once, before anything is drawn: who listens first sees the page as it was when the key was pressed. */
export function watchSheets(): void {
  window.addEventListener(
    'keydown',
    (event) => {
      if (document.querySelector('[role="menu"], [role="dialog"]')) taken.add(event)
    },
    { capture: true },
  )
}

/** Whether a menu or a dialog was open when this key was pressed. */
export function wasOnSheet(event: KeyboardEvent): boolean {
  return taken.has(event)
}
