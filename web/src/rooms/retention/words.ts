/** What the pages of retention call things. */
import type { Destruction, DueStudy } from '../../api/retention'

/** A study by its patient's number, or by its own once that is gone. */
export function nameOfStudy(study: DueStudy): string {
  return study.patient_id || study.study_instance_uid
}

export type Stage = 'withdrawn' | 'left' | 'waiting' | 'approvedOnce' | 'approved' | 'destroyed'

/** Where a proposal stands; its studies stand together, but for those that left it. */
export function stageOf(destruction: Destruction): Stage {
  const { counts } = destruction
  if (counts.proposed) return 'waiting'
  if (counts['approved-once']) return 'approvedOnce'
  if (counts.approved) return 'approved'
  if (counts.destroyed) return 'destroyed'
  return destruction.withdrawn_at ? 'withdrawn' : 'left'
}

export const isOpen = (destruction: Destruction): boolean => ['waiting', 'approvedOnce', 'approved'].includes(stageOf(destruction))
