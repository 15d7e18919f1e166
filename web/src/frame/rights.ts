/** What the person signed in may do; buttons for anything else are not shown. */
import { useMe } from '../api/session'

export function useMay(): (right: string) => boolean {
  const rights = useMe()?.rights ?? []
  return (right) => rights.includes(right)
}
