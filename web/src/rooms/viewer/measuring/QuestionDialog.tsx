/** Asks for the words of an arrow or a text, or for the known length of a calibration, once it is drawn. */
import { Button, Group, Modal, NumberInput, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useStore } from '../../../kit/store'
import type { Measurement } from '../../../measuring/measurement'
import { frameOf } from '../../../viewport/known-frames'
import { change, imageOf, knownLengthOf, recalibrated } from './changing'
import { desk, type Question } from './desk'
import type { Draft } from './draft'
import { useDraft } from './drafts'

const close = () => desk.set((now) => ({ ...now, question: undefined }))

export function QuestionDialog() {
  const { question } = useStore(desk)
  return question ? <Asked key={question.id} question={question} /> : null
}

function Asked({ question }: { readonly question: Question }) {
  const draft = useDraft(question.studyInstanceUid)
  const measurement = draft?.state.get().measurements.find(({ id }) => id === question.id)
  if (!draft || !measurement) return null
  return <Form question={question} draft={draft} measurement={measurement} />
}

interface FormProps {
  readonly question: Question
  readonly draft: Draft
  readonly measurement: Measurement
}

/** What was answered, on the measurement; undefined while the answer is none. */
function answered(measurement: Measurement, { about, studyInstanceUid }: Question, words: string, length: number): Measurement | undefined {
  if (about === 'words') return words.trim() ? { ...measurement, text: words.trim(), modified_at: new Date().toISOString() } : undefined
  const frame = frameOf(imageOf(studyInstanceUid, measurement))
  return frame && length > 0 ? recalibrated(measurement, length, frame) : undefined
}

function Form({ question, draft, measurement }: FormProps) {
  const { t } = useTranslation()
  const { about, studyInstanceUid, id } = question
  const [words, setWords] = useState(measurement.text ?? '')
  const [length, setLength] = useState<number>(knownLengthOf(measurement))
  const after = answered(measurement, question, words, length)
  /** Without an answer a text or a calibration means nothing; an arrow needs no words. */
  const leave = () => {
    const stays = measurement.kind === 'arrow' || measurement.text !== undefined || measurement.calibration !== undefined
    if (!stays) change(studyInstanceUid, draft, id, undefined)
    close()
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!after) return leave()
    change(studyInstanceUid, draft, id, after)
    close()
  }
  return (
    <Modal opened onClose={leave} title={t(`measuring.ask.${about}`)} size="sm" closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form onSubmit={submit}>
        {about === 'words' ? <WordsField words={words} onWords={setWords} /> : <LengthField length={length} onLength={setLength} />}
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={leave}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" disabled={!after && measurement.kind !== 'arrow'}>
            {t('measuring.keep')}
          </Button>
        </Group>
      </form>
    </Modal>
  )
}

function WordsField({ words, onWords }: { readonly words: string; readonly onWords: (words: string) => void }) {
  const { t } = useTranslation()
  return (
    <TextInput
      data-autofocus
      label={t('measuring.words')}
      maxLength={200}
      value={words}
      onChange={(event) => onWords(event.currentTarget.value)}
    />
  )
}

function LengthField({ length, onLength }: { readonly length: number; readonly onLength: (mm: number) => void }) {
  const { t } = useTranslation()
  return (
    <NumberInput
      data-autofocus
      label={t('measuring.knownLength')}
      description={t('measuring.knownLengthHelp')}
      min={0.01}
      max={10_000}
      decimalScale={3}
      value={length || ''}
      onChange={(value) => onLength(typeof value === 'number' ? value : 0)}
    />
  )
}
