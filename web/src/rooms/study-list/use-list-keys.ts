/** Keys of the list: / to the search field, arrows from study to study; Enter is the link's own. */
import { type RefObject, useEffect } from 'react'

export const SEARCH_FIELD = 'study-search'

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}

function moveBy(page: HTMLElement, step: number): boolean {
  const links = [...page.querySelectorAll<HTMLAnchorElement>('a[data-study-link]')]
  const at = links.findIndex((link) => link === document.activeElement)
  const next = links[at < 0 ? 0 : Math.max(0, Math.min(links.length - 1, at + step))]
  if (at === 0 && step < 0) {
    document.getElementById(SEARCH_FIELD)?.focus()
    return true
  }
  next?.focus()
  next?.scrollIntoView({ block: 'nearest' })
  return next !== undefined
}

export function useListKeys(page: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !page.current) return
      const inSearch = event.target instanceof HTMLElement && event.target.id === SEARCH_FIELD
      const arrow = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
      if (event.key === '/' && !isTyping(event.target)) {
        document.getElementById(SEARCH_FIELD)?.focus()
        event.preventDefault()
      } else if (arrow !== 0 && (inSearch ? arrow > 0 : page.current.contains(document.activeElement) || document.activeElement === document.body)) {
        if (!inSearch && isTyping(event.target)) return
        if (isMenuOrButton(event.target)) return
        if (moveBy(page.current, arrow)) event.preventDefault()
      }
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [page])
}

/** Arrows mean something else inside menus and radio groups. */
function isMenuOrButton(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('[role="menu"], [role="radiogroup"]') !== null
}
