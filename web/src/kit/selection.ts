/** A set of things chosen from a list, in the order of the list where a stretch is chosen at once. */

export interface Selection<T> {
  readonly chosen: ReadonlyMap<string, T>
  /** Where the last choice was made: a stretch begins there. */
  readonly anchor: string | undefined
}

export const NOTHING: Selection<never> = { chosen: new Map<string, never>(), anchor: undefined }

/** Chooses or lets go one thing. */
export function toggled<T>({ chosen }: Selection<T>, key: string, thing: T): Selection<T> {
  const next = new Map(chosen)
  if (!next.delete(key)) next.set(key, thing)
  return { chosen: next, anchor: key }
}

/** Chooses everything of the list between the anchor and a key, both included. */
export function stretched<T>(selection: Selection<T>, key: string, list: readonly (readonly [string, T])[]): Selection<T> {
  const from = list.findIndex(([each]) => each === selection.anchor)
  const to = list.findIndex(([each]) => each === key)
  const thing = list[to]
  if (!thing) return selection
  if (from < 0) return toggled(selection, key, thing[1])
  const stretch = list.slice(Math.min(from, to), Math.max(from, to) + 1)
  return { chosen: new Map([...selection.chosen, ...stretch]), anchor: key }
}

/** Chooses the whole list, or lets go of it when it is chosen already. */
export function allToggled<T>(selection: Selection<T>, list: readonly (readonly [string, T])[]): Selection<T> {
  const every = list.every(([key]) => selection.chosen.has(key))
  const next = new Map(selection.chosen)
  for (const [key, thing] of list) {
    if (every) next.delete(key)
    else next.set(key, thing)
  }
  return { chosen: next, anchor: undefined }
}
