/** One institution: its name in two languages, and the code that lists and programs know it by. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { addInstitution, changeInstitution, type Institution, institutionsQuery, type NewInstitution } from '../../api/institutions'
import { FormDialog } from '../../frame/FormDialog'
import { useMay } from '../../frame/rights'
import { suggestedCode } from '../../kit/codes'
import { useFields } from '../../kit/use-fields'
import { NameAndCode } from './NameAndCode'

interface InstitutionFormProps {
  readonly institution: Institution | undefined
  readonly onClose: () => void
  readonly onSaved: (institution: Institution) => void
}

export function InstitutionForm({ institution, onClose, onSaved }: InstitutionFormProps) {
  const { t } = useTranslation()
  const may = useMay()
  const queryClient = useQueryClient()
  const { fields, text } = useFields<NewInstitution>({
    name: institution?.name ?? '',
    other_name: institution?.other_name ?? '',
    code: institution?.code ?? '',
  })
  const code = fields.code.trim() || suggestedCode(fields.name)
  const saving = useMutation({
    mutationFn: () => {
      const named = { name: fields.name.trim(), other_name: fields.other_name.trim() }
      if (!institution) return addInstitution({ ...named, code })
      return changeInstitution(institution.institution_id, code === institution.code ? named : { ...named, code })
    },
    onSuccess: async (saved) => {
      await queryClient.invalidateQueries({ queryKey: institutionsQuery.queryKey })
      onSaved(saved)
    },
  })
  return (
    <FormDialog
      title={institution ? t('manage.institutions.edit') : t('manage.institutions.add')}
      ready={fields.name.trim() !== '' && code !== ''}
      saving={saving}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      <NameAndCode text={text} suggested={suggestedCode(fields.name)} codeIsFixed={!may('manage-region')} />
    </FormDialog>
  )
}
