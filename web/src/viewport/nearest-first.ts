/** Order of fetching: from the image shown outwards, two in the direction of travel for one behind. direction: 1 forward, -1 back. */
export function nearestFirst(count: number, start: number, direction: 1 | -1 = 1): number[] {
  const order: number[] = []
  const inside = (at: number) => at >= 0 && at < count
  let onward = start
  let behind = start - direction
  while (inside(onward) || inside(behind)) {
    for (let step = 0; step < 2 && inside(onward); step += 1, onward += direction) order.push(onward)
    if (inside(behind)) order.push(behind)
    behind -= direction
  }
  return order
}
