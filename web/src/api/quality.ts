/** What does not fit together and waits for a person to decide. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type QualityTask = components['schemas']['QualityTask']
export type Resolution = components['schemas']['Resolution']

const RENEW_MS = 30_000
const MOST = 100

export const qualityTasksQuery = (state: 'open' | 'resolved', kind: string) =>
  queryOptions({
    queryKey: ['quality-tasks', state, kind],
    queryFn: async ({ signal }) =>
      dataOf(await api.GET('/api/quality-tasks', { params: { query: { state, kind: kind || undefined, limit: MOST } }, signal })),
    refetchInterval: RENEW_MS,
  })

export async function resolveTask(taskId: number, body: Resolution): Promise<void> {
  dataOf(await api.POST('/api/quality-tasks/{task_id}/resolve', { params: { path: { task_id: taskId } }, body }))
}
