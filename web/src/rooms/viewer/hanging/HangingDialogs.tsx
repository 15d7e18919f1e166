/** Keeping what is on the screen, changing for which studies a protocol is meant, removing one. */
import { NativeSelect, Switch, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { addHanging, changeHanging, hangingsQuery, type HangingScope, type KeptHanging, removeHanging } from '../../../api/hanging'
import { ConfirmDialog } from '../../../frame/ConfirmDialog'
import { FormDialog } from '../../../frame/FormDialog'
import { useRoom } from '../context'
import { byExample } from './by-example'
import { type HangingDocument, type Matching, readDocument } from './document'
import { hung } from './hung'
import { shownNow } from './shown'

export type Asked = { readonly what: 'keep' } | { readonly what: 'edit' | 'remove'; readonly kept: KeptHanging }

interface HangingDialogsProps {
  readonly asked: Asked
  readonly mayAdd: readonly HangingScope[]
  readonly onClose: () => void
}

export function HangingDialogs({ asked, mayAdd, onClose }: HangingDialogsProps) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const room = useRoom()
  if (asked.what === 'keep') {
    // A free place-holder: the name is given in the dialog, and nothing is kept without one.
    const shown = shownNow(room, ' ')
    return <Form document={shown && byExample(shown)} scopes={mayAdd} onClose={onClose} />
  }
  const { kept } = asked
  if (asked.what === 'edit') return <Form kept={kept} document={readDocument({ ...kept.document, name: kept.name })} onClose={onClose} />
  return (
    <ConfirmDialog
      title={t('comparing.hanging.removeNamed', { name: kept.name })}
      means={t('comparing.hanging.removeMeans', { name: kept.name })}
      confirm={t('comparing.hanging.remove')}
      act={async () => {
        await removeHanging(kept)
        await client.invalidateQueries({ queryKey: hangingsQuery.queryKey })
      }}
      onClose={onClose}
    />
  )
}

const listed = (text: string) => [...new Set(text.split(/[,，;；]/).map((word) => word.trim()))].filter(Boolean)

interface FormProps {
  readonly document: HangingDocument | undefined
  readonly kept?: KeptHanging
  readonly scopes?: readonly HangingScope[]
  readonly onClose: () => void
}

function Form({ document, kept, scopes = [], onClose }: FormProps) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [name, setName] = useState(kept?.name ?? '')
  const [scope, setScope] = useState<HangingScope>('user')
  const [matching, setMatching] = useState(() => (document ? textsOf(document.matching) : undefined))
  const [fresh, setFresh] = useState(false)
  const room = useRoom()
  const saving = useMutation({
    mutationFn: async () => {
      const made = fresh ? byExampleNow(room) : document
      if (!made || !matching) return
      const wanted = { ...made, name: name.trim(), matching: { ...made.matching, ...matchingOf(matching) } }
      const saved = await (kept ? changeHanging(kept, { name: name.trim(), document: { ...wanted } }) : addHanging(scope, { name: name.trim(), document: { ...wanted } }))
      // What is on the screen hangs by it from now on, without being hung again.
      if (!kept) hung.set((now) => ({ ...now, chosen: String(saved.hanging_protocol_id) }))
      await client.invalidateQueries({ queryKey: hangingsQuery.queryKey })
    },
    onSuccess: onClose,
  })
  const title = kept ? t('comparing.hanging.editNamed', { name: kept.name }) : t('comparing.hanging.keep')
  if (!document || !matching) {
    return (
      <FormDialog title={title} ready={false} saving={saving} onSubmit={() => undefined} onClose={onClose}>
        <Text size="sm">{t('comparing.hanging.nothingToKeep')}</Text>
      </FormDialog>
    )
  }
  const fresher = kept && byExampleNow(room) !== undefined
  return (
    <FormDialog title={title} ready={name.trim() !== ''} saving={saving} onSubmit={() => saving.mutate()} onClose={onClose}>
      <TextInput label={t('comparing.hanging.name')} value={name} maxLength={100} required data-autofocus onChange={(event) => setName(event.currentTarget.value)} />
      {!kept && (
        <NativeSelect
          label={t('comparing.hanging.scope')}
          value={scope}
          onChange={(event) => setScope(scopes.find((one) => one === event.currentTarget.value) ?? 'user')}
          data={scopes.map((value) => ({ value, label: t(`comparing.hanging.scopes.${value}`) }))}
        />
      )}
      <MatchingFields matching={matching} onChange={setMatching} />
      {fresher && <Switch label={t('comparing.hanging.replace')} checked={fresh} onChange={(event) => setFresh(event.currentTarget.checked)} />}
    </FormDialog>
  )
}

function byExampleNow(room: Parameters<typeof shownNow>[0]): HangingDocument | undefined {
  const shown = shownNow(room, ' ')
  return shown && byExample(shown)
}

interface MatchingTexts {
  readonly modalities: string
  readonly bodyParts: string
  readonly words: string
  readonly prior: Matching['prior']
}

function textsOf({ modalities, body_parts: bodyParts, description_words: words, prior }: Matching): MatchingTexts {
  return { modalities: modalities.join(', '), bodyParts: bodyParts.join(', '), words: words.join(', '), prior }
}

function matchingOf({ modalities, bodyParts, words, prior }: MatchingTexts): Partial<Matching> {
  const upper = (text: string) => listed(text).map((word) => word.toUpperCase())
  return { modalities: upper(modalities), body_parts: upper(bodyParts), description_words: listed(words), prior }
}

const PRIORS: readonly Matching['prior'][] = ['any', 'needed', 'absent']

function MatchingFields({ matching, onChange }: { readonly matching: MatchingTexts; readonly onChange: (matching: MatchingTexts) => void }) {
  const { t } = useTranslation()
  const field = (key: 'modalities' | 'bodyParts' | 'words', words: 'modalities' | 'bodyParts' | 'descriptionWords') => (
    <TextInput
      label={t(`comparing.hanging.${words}`)}
      description={t(`comparing.hanging.${words}Hint`)}
      maxLength={500}
      value={matching[key]}
      onChange={(event) => onChange({ ...matching, [key]: event.currentTarget.value })}
    />
  )
  return (
    <>
      {field('modalities', 'modalities')}
      {field('bodyParts', 'bodyParts')}
      {field('words', 'descriptionWords')}
      <NativeSelect
        label={t('comparing.hanging.prior')}
        value={matching.prior}
        onChange={(event) => onChange({ ...matching, prior: PRIORS.find((one) => one === event.currentTarget.value) ?? 'any' })}
        data={PRIORS.map((value) => ({ value, label: t(`comparing.hanging.priors.${value}`) }))}
      />
    </>
  )
}
