import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { api, ApiError, dataOf } from '../../api/client'
import { meQuery } from '../../api/session'
import { isNextStep, signInStateQuery } from '../../api/sign-in'
import { useWordsOfReason } from '../../frame/Refusal'
import { StrengthHint } from '../../frame/StrengthHint'
import { asLanguage } from '../../i18n'
import { passwordStrength } from '../../kit/password-strength'

interface Fields {
  readonly username: string
  readonly displayName: string
  readonly password: string
  readonly again: string
}

type Problem = 'usernameInvalid' | 'nameMissing' | 'passwordsDiffer' | 'tooShort'

const USERNAME = /^[\p{L}\p{N}][\p{L}\p{N}_.@-]{1,63}$/u

function problemsOf(fields: Fields): Set<Problem> {
  const problems = new Set<Problem>()
  if (!USERNAME.test(fields.username.trim())) problems.add('usernameInvalid')
  if (fields.displayName.trim() === '') problems.add('nameMissing')
  if (passwordStrength(fields.password) === 'tooShort') problems.add('tooShort')
  if (fields.password !== fields.again) problems.add('passwordsDiffer')
  return problems
}

interface EnrolmentFormProps {
  readonly token: string
  readonly username: string | null
  readonly displayName: string
}

export function EnrolmentForm({ token, username, displayName }: EnrolmentFormProps) {
  const { t } = useTranslation()
  const [fields, setFields] = useState<Fields>({ username: username ?? '', displayName, password: '', again: '' })
  const [tried, setTried] = useState(false)
  const enrol = useEnrol(token)
  const problems = problemsOf(fields)
  const change = (name: keyof Fields) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget
    setFields((now) => ({ ...now, [name]: value }))
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (problems.size === 0) enrol.mutate(fields)
  }
  const said = (problem: Problem, words: string) => (tried && problems.has(problem) ? words : undefined)
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        <TextInput
          label={t('enrolment.username')}
          description={t('enrolment.usernameHint')}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          size="md"
          readOnly={username !== null}
          value={fields.username}
          onChange={change('username')}
          error={said('usernameInvalid', t('enrolment.usernameInvalid'))}
        />
        <TextInput
          label={t('enrolment.displayName')}
          description={t('enrolment.displayNameHint')}
          autoComplete="name"
          size="md"
          value={fields.displayName}
          onChange={change('displayName')}
          error={said('nameMissing', t('enrolment.nameMissing'))}
        />
        <div>
          <PasswordInput
            label={t('enrolment.password')}
            description={t('enrolment.passwordHint')}
            autoComplete="new-password"
            size="md"
            value={fields.password}
            onChange={change('password')}
            error={tried && problems.has('tooShort')}
          />
          <StrengthHint password={fields.password} own={[fields.username, ...fields.displayName.split(/\s+/)]} />
        </div>
        <PasswordInput
          label={t('enrolment.passwordAgain')}
          autoComplete="new-password"
          size="md"
          value={fields.again}
          onChange={change('again')}
          error={said('passwordsDiffer', t('enrolment.passwordsDiffer'))}
        />
        {enrol.error && <Refusal error={enrol.error} />}
        <Button type="submit" size="md" fullWidth loading={enrol.isPending} mt="xs">
          {t('enrolment.submit')}
        </Button>
      </Stack>
    </form>
  )
}

function useEnrol(token: string) {
  const { i18n } = useTranslation()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: async (fields: Fields) => {
      const body = {
        username: fields.username.trim(),
        display_name: fields.displayName.trim(),
        password: fields.password,
        language: asLanguage(i18n.language),
      }
      return dataOf(await api.POST('/api/enrolments/{token}', { params: { path: { token } }, body }))
    },
    onSuccess: (answer) => {
      if (isNextStep(answer)) {
        queryClient.setQueryData(signInStateQuery.queryKey, answer)
        void navigate({ to: '/sign-in', replace: true })
        return
      }
      queryClient.setQueryData(meQuery.queryKey, answer)
      void navigate({ to: '/', replace: true })
    },
  })
}

function Refusal({ error }: { readonly error: Error }) {
  const { t } = useTranslation()
  const wordsOf = useWordsOfReason()
  const reason = error instanceof ApiError ? error.reason : t('signIn.unreachable')
  const taken = error instanceof ApiError && error.status === 409
  return (
    <Alert color="red" variant="light" role="alert" p="sm">
      {taken ? t('enrolment.taken') : (wordsOf(reason) ?? t('enrolment.refused', { reason }))}
    </Alert>
  )
}
