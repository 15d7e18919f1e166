/** Key images (KOS) and saved views (GSPS) of the study: made here, listed, shown again. */
import { Button, Select, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { api, dataOf } from '../../../api/client'
import { useMay } from '../../../frame/rights'
import { keyOf } from '../../../dicomweb/addresses'
import { useStore } from '../../../kit/store'
import { useRoom } from '../context'
import { desk } from './desk'
import { useDraft } from './drafts'
import { reasonOf } from './FileReport'
import { KeyImageList, StateList, StatesNotShown } from './FiledViews'
import classes from './Measuring.module.css'
import { paneOf } from './pane'
import { stateOf } from './saved-views'
import { useShownNow } from './use-shown-now'
import { useViewPart } from '../../../viewport/use-view-state'
import { linesBeside } from './words'

const TITLES = ['113000', '113002', '113003', '113004', '113005', '113006', '113007', '113008', '113009'] as const
type Title = (typeof TITLES)[number]

const path = (study_instance_uid: string) => ({ params: { path: { study_instance_uid } } })

export function ViewsPanel() {
  const { t } = useTranslation()
  const { studyInstanceUid } = useRoom()
  const mayFile = useMay()('annotate')
  const keys = useQuery({
    queryKey: ['key-images', studyInstanceUid],
    queryFn: async () => dataOf(await api.GET('/api/studies/{study_instance_uid}/key-images', path(studyInstanceUid))),
  })
  const states = useQuery({
    queryKey: ['presentation-states', studyInstanceUid],
    queryFn: async () => dataOf(await api.GET('/api/studies/{study_instance_uid}/presentation-states', path(studyInstanceUid))),
  })
  return (
    <>
      <h3 className={classes.section}>{t('measuring.views.keyImages')}</h3>
      {mayFile && <FileKeyImages />}
      {keys.isError && <p className={classes.empty}>{t('measuring.views.loadFailed')}</p>}
      {keys.data && <KeyImageList studyInstanceUid={studyInstanceUid} notes={keys.data.notes} />}
      <h3 className={classes.section}>{t('measuring.views.states')}</h3>
      {mayFile && <FileView />}
      {states.isError && <p className={classes.empty}>{t('measuring.views.loadFailed')}</p>}
      {states.data && <StateList studyInstanceUid={studyInstanceUid} states={states.data.states} />}
      {states.data && <StatesNotShown notRead={states.data.not_read} />}
    </>
  )
}

/** What became of filing, in words. */
function Outcome({ filing }: { readonly filing: { readonly isSuccess: boolean; readonly isError: boolean; readonly error: unknown } }) {
  const { t } = useTranslation()
  return (
    <p className={classes.note} role="status">
      {filing.isSuccess && t('measuring.views.filed')}
      {filing.isError && t('measuring.views.failed', { reason: reasonOf(filing.error) })}
    </p>
  )
}

/** Files the marked images, and takes the marks away when that is done. */
function useFilingKeys(marked: readonly string[], onFiled: () => void) {
  const { studyInstanceUid } = useRoom()
  const queries = useQueryClient()
  const images = marked.map(keyOf).map(({ seriesInstanceUid, sopInstanceUid, frameNumber }) => ({
    series_instance_uid: seriesInstanceUid,
    sop_instance_uid: sopInstanceUid,
    frame_numbers: [frameNumber],
  }))
  return useMutation({
    mutationFn: async (why: { title: Title; note: string | null }) =>
      dataOf(await api.POST('/api/studies/{study_instance_uid}/key-images', { ...path(studyInstanceUid), body: { ...why, images } })),
    onSuccess: async () => {
      desk.set((now) => ({ ...now, marked: now.marked.filter((one) => !marked.includes(one)) }))
      onFiled()
      await queries.invalidateQueries({ queryKey: ['key-images', studyInstanceUid] })
    },
  })
}

function FileKeyImages() {
  const { t } = useTranslation()
  const { studyInstanceUid } = useRoom()
  const marked = useStore(desk).marked.filter((imageId) => keyOf(imageId).studyInstanceUid === studyInstanceUid)
  const [title, setTitle] = useState<Title>('113000')
  const [note, setNote] = useState('')
  const filing = useFilingKeys(marked, () => setNote(''))
  const data = TITLES.map((value) => ({ value, label: t(`measuring.keyTitle.${value}`) }))
  return (
    <>
      <p className={classes.note}>{t('measuring.views.marked', { count: marked.length })}</p>
      {marked.length > 0 && (
        <>
          <Select size="xs" label={t('measuring.views.title')} data={data} value={title} allowDeselect={false} onChange={(value) => setTitle((value as Title | null) ?? '113000')} />
          <Textarea size="xs" mt="xs" label={t('measuring.views.note')} maxLength={1000} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
          <Button size="xs" mt="xs" loading={filing.isPending} onClick={() => filing.mutate({ title, note: note.trim() || null })}>
            {t('measuring.views.fileKeys')}
          </Button>
        </>
      )}
      <Outcome filing={filing} />
    </>
  )
}

/** Files how the active viewport shows its image, with what is measured on it. */
function useFilingView(onFiled: () => void) {
  const { t } = useTranslation()
  const { studyInstanceUid, view } = useRoom()
  const queries = useQueryClient()
  const draft = useDraft(studyInstanceUid)
  const shown = useShownNow()
  return useMutation({
    mutationFn: async (description: string | null) => {
      const presentation = view?.presentation()
      if (!view || !shown || !presentation) throw new Error('nothing is shown')
      const { sopInstanceUid, frameNumber } = shown.frame
      const all = draft?.state.get().measurements ?? []
      const here = all.filter((one) => one.sop_instance_uid === sopInstanceUid && one.frame_number === frameNumber)
      const state = stateOf(presentation, shown.frame, paneOf(view), here, (one) => linesBeside(t, one, []))
      if (!state) throw new Error('nothing is shown')
      const body = { ...state, description }
      return dataOf(await api.POST('/api/studies/{study_instance_uid}/presentation-states', { ...path(studyInstanceUid), body }))
    },
    onSuccess: async () => {
      onFiled()
      await queries.invalidateQueries({ queryKey: ['presentation-states', studyInstanceUid] })
    },
  })
}

function FileView() {
  const { t } = useTranslation()
  const { studyInstanceUid } = useRoom()
  const [name, setName] = useState('')
  const filing = useFilingView(() => setName(''))
  const shown = useShownNow()
  const mine = shown?.studyInstanceUid === studyInstanceUid
  // A state of colour images has no polarity (PS3.3 A.33.2): filed, the view would come back as another one.
  const invertedColour = useViewPart(useRoom().view, ({ inverted }) => inverted) && shown?.frame.photometricInterpretation.startsWith('MONOCHROME') === false
  return (
    <>
      <p className={classes.note}>{t('measuring.views.saveViewHelp')}</p>
      <TextInput size="xs" label={t('measuring.views.name')} maxLength={64} value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <Button size="xs" mt="xs" disabled={!mine || invertedColour} loading={filing.isPending} onClick={() => filing.mutate(name.trim() || null)}>
        {t('measuring.views.saveView')}
      </Button>
      {invertedColour && <p className={classes.note}>{t('measuring.views.invertedColour')}</p>}
      <Outcome filing={filing} />
    </>
  )
}
