/** One department. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { addDepartment, changeDepartment, type Department, type NewDepartment } from '../../api/institutions'
import { FormDialog } from '../../frame/FormDialog'
import { suggestedCode } from '../../kit/codes'
import { useFields } from '../../kit/use-fields'
import { NameAndCode } from './NameAndCode'

interface DepartmentFormProps {
  readonly department?: Department
  /** Where a new one is made; without it in one's own institution. */
  readonly institutionId?: number
  readonly onClose: () => void
}

export function DepartmentForm({ department, institutionId, onClose }: DepartmentFormProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { fields, text } = useFields<NewDepartment>({
    name: department?.name ?? '',
    other_name: department?.other_name ?? '',
    code: department?.code ?? '',
  })
  const code = fields.code.trim() || suggestedCode(fields.name)
  const saving = useMutation({
    mutationFn: () => {
      const body = { code, name: fields.name.trim(), other_name: fields.other_name.trim() }
      return department ? changeDepartment(department.department_id, body) : addDepartment(body, institutionId)
    },
    onSuccess: async () => {
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: ['departments'] }),
        queryClient.invalidateQueries({ queryKey: ['institutions'] }),
      ])
      onClose()
    },
  })
  return (
    <FormDialog
      title={department ? t('manage.departments.edit') : t('manage.departments.add')}
      ready={fields.name.trim() !== '' && code !== ''}
      saving={saving}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      <NameAndCode text={text} suggested={suggestedCode(fields.name)} />
    </FormDialog>
  )
}
