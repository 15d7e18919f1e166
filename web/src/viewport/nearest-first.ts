/** Order of fetching: from the image shown outwards, two forward for one back. */
export function nearestFirst(count: number, start: number): number[] {
  const order: number[] = []
  let forward = start
  let back = start - 1
  while (order.length < count) {
    for (let step = 0; step < 2 && forward < count; step += 1) order.push(forward++)
    if (back >= 0) order.push(back--)
    else if (forward >= count) break
  }
  return order
}
