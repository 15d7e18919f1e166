/** What was seen: each question answered by hand, nothing answered beforehand; then it is recorded. */
import { Alert, Button, Group, Radio, Stack, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { displayChecksQuery, keepDisplayCheck } from '../../api/display-checks'
import { Refusal } from '../../frame/Refusal'
import { type Answers, QUESTIONS, whole } from './questions'
import { screenNow } from './screen'
import classes from './DisplayCheck.module.css'

export function Questions({ workstation }: { readonly workstation: string }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [answers, setAnswers] = useState<Answers>({})
  const [note, setNote] = useState('')
  const given = whole(answers)
  const keeping = useMutation({
    mutationFn: async () => given && keepDisplayCheck({ workstation, answers: given, screen: screenNow(), note: note.trim() || null }),
    onSuccess: (checks) => checks && client.setQueryData(displayChecksQuery(workstation).queryKey, checks),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (given) keeping.mutate()
  }
  return (
    <form onSubmit={submit} aria-label={t('display.questions')}>
      <Stack gap="sm">
        <h2>{t('display.questions')}</h2>
        {QUESTIONS.map((question) => (
          <Radio.Group
            key={question}
            className={classes.question}
            label={t(`display.ask.${question}`)}
            value={answers[question] === undefined ? null : String(answers[question])}
            onChange={(value) => setAnswers((now) => ({ ...now, [question]: value === 'true' }))}
          >
            <Group gap="md">
              <Radio value="true" label={t('display.yes')} />
              <Radio value="false" label={t('display.no')} />
            </Group>
          </Radio.Group>
        ))}
        <Textarea
          label={t('display.note')}
          description={t('display.noteHint')}
          maxLength={500}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        <Refusal error={keeping.error} />
        {keeping.isSuccess && (
          <Alert variant="light" role="status" p="sm">
            {t('display.kept')}
          </Alert>
        )}
        <Group>
          <Button type="submit" disabled={!given} loading={keeping.isPending}>
            {t('display.keep')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
