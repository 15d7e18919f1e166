/** Key images and saved views that are filed in the study. */
import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import type { components } from '../../../api/schema'
import { keyOf } from '../../../dicomweb/addresses'
import { otherStateKind } from '../../../dicomweb/presentation-states'
import { marked } from '../../../kit/marked'
import { useStore } from '../../../kit/store'
import { frameOf } from '../../../viewport/known-frames'
import type { StackView } from '../../../viewport/stack-view'
import { useRoom } from '../context'
import { remember } from '../view-changes'
import { desk, goTo, type State } from './desk'
import classes from './Measuring.module.css'
import { paneOf } from './pane'
import { useByLine } from './ReportedList'
import { imagesOf, isLeftOutWord, leftOutOf, presentationOf } from './saved-views'

type Note = components['schemas']['KeyImageNote']
type NotRead = components['schemas']['NotRead']

export function KeyImageList({ studyInstanceUid, notes }: { readonly studyInstanceUid: string; readonly notes: readonly Note[] }) {
  const { t } = useTranslation()
  if (notes.length === 0) return <p className={classes.empty}>{t('measuring.views.noKeys')}</p>
  return (
    <ul className={classes.list} data-testid="key-images">
      {notes.map((note) => (
        <KeyImages key={note.document.sop_instance_uid} note={note} studyInstanceUid={studyInstanceUid} />
      ))}
    </ul>
  )
}

function KeyImages({ note, studyInstanceUid }: { readonly note: Note; readonly studyInstanceUid: string }) {
  const { t } = useTranslation()
  const byLine = useByLine()
  const code = note.title?.value ?? ''
  const known = code in KNOWN_TITLES ? t(`measuring.keyTitle.${code as keyof typeof KNOWN_TITLES}`) : undefined
  const title = known ?? marked(note.title?.meaning ?? t('measuring.views.keyImages'))
  return (
    <li className={classes.item}>
      <strong>{title}</strong>
      <p className={classes.note}>{byLine(note.document)}</p>
      {note.note && <p className={classes.note}>{marked(note.note)}</p>}
      <div className={classes.actions}>
        {imagesOf(studyInstanceUid, note).map((imageId, index) => (
          <Button key={imageId} size="compact-xs" variant="default" aria-label={t('measuring.goTo', { what: `${title} ${index + 1}` })} onClick={() => goTo(imageId)}>
            {index + 1}
          </Button>
        ))}
      </div>
    </li>
  )
}

const KNOWN_TITLES = { '113000': 1, '113002': 1, '113003': 1, '113004': 1, '113005': 1, '113006': 1, '113007': 1, '113008': 1, '113009': 1 }

export function StateList({ studyInstanceUid, states }: { readonly studyInstanceUid: string; readonly states: readonly State[] }) {
  const { t } = useTranslation()
  if (states.length === 0) return <p className={classes.empty}>{t('measuring.views.noStates')}</p>
  return (
    <ul className={classes.list} data-testid="saved-views">
      {states.map((state) => (
        <SavedView key={state.document.sop_instance_uid} state={state} studyInstanceUid={studyInstanceUid} />
      ))}
    </ul>
  )
}

/** States of the study that are not shown, each with what it would do to an image: half of it would be another picture. */
export function StatesNotShown({ notRead }: { readonly notRead: readonly NotRead[] }) {
  const { t } = useTranslation()
  if (notRead.length === 0) return null
  return (
    <ul className={classes.list} data-testid="states-not-shown">
      {notRead.map(({ sop_instance_uid, sop_class_uid }) => (
        <li key={sop_instance_uid} className={classes.item}>
          <p className={classes.note}>{t(`measuring.views.otherState.${otherStateKind(sop_class_uid) ?? 'unreadable'}`)}</p>
        </li>
      ))}
    </ul>
  )
}

/** What of a state is not shown, in words. */
function useLeftOut(): (state: State) => string {
  const { t } = useTranslation()
  return (state) =>
    leftOutOf(state)
      .map((word) => (isLeftOutWord(word) ? t(`measuring.views.leftOut.${word}`) : word))
      .join(', ')
}

/** Shows the first image of a state as the state asks, and remembers how it was shown before. */
function useShowing(studyInstanceUid: string): (state: State) => void {
  const { history } = useRoom()
  return (state) => {
    const [first] = state.views
    const [imageId] = first ? imagesOf(studyInstanceUid, first) : []
    if (!first || imageId === undefined) return
    desk.set((now) => ({ ...now, shownState: state }))
    goTo(imageId, (view: StackView) => {
      const frame = frameOf(imageId)
      const before = view.presentation()
      if (!frame || keyOf(imageId).studyInstanceUid !== studyInstanceUid) return
      void view.apply({ ...presentationOf(state, first, frame, paneOf(view)), imageId }).then(() => remember(history, view, before))
    })
  }
}

function SavedView({ state, studyInstanceUid }: { readonly state: State; readonly studyInstanceUid: string }) {
  const { t } = useTranslation()
  const byLine = useByLine()
  const show = useShowing(studyInstanceUid)
  const shown = useStore(desk).shownState?.document.sop_instance_uid === state.document.sop_instance_uid
  const name = marked(state.description ?? state.label)
  const leftOut = useLeftOut()(state)
  return (
    <li className={classes.item} data-chosen={shown}>
      <strong>{name}</strong>
      <p className={classes.note}>{byLine(state.document)}</p>
      {leftOut && <p className={classes.note}>{t('measuring.views.partly', { what: leftOut })}</p>}
      <div className={classes.actions}>
        <Button size="compact-xs" variant="default" aria-pressed={shown} aria-label={t('measuring.views.applyNamed', { name })} onClick={() => (shown ? desk.set((now) => ({ ...now, shownState: undefined })) : show(state))}>
          {t('measuring.views.apply')}
        </Button>
      </div>
    </li>
  )
}
