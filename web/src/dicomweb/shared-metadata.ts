/** Headers of a series as the server gives them: what all instances share is said, and kept in memory, once. */
import type { DataSet } from './json'

export interface SharedMetadata {
  readonly shared: DataSet
  readonly instances: readonly DataSet[]
}

/** One data set for each instance. Elements that are shared are inherited: look them up by tag, do not list them. */
export function dataSetsOf({ shared, instances }: SharedMetadata): DataSet[] {
  return instances.map((own) => Object.assign(Object.create(shared) as Record<string, DataSet[string]>, own))
}
