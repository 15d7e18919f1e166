/** The list of studies: search, sort, open. It renews itself as studies arrive. */
import { useDebouncedValue, useDocumentTitle, useMediaQuery } from '@mantine/hooks'
import { useRef } from 'react'
import { useTranslation } from 'react-i18next'

import { Header } from '../../frame/Header'
import { useStore } from '../../kit/store'
import { PHONE } from '../../theme/tokens'
import { ActionBar } from '../study-actions/ActionBar'
import { useEscapeClears } from '../study-actions/selected-studies'
import { CountLine } from './CountLine'
import { Filters } from './Filters'
import { FailedList, NoMatch, NoStudies, Waiting } from './Emptiness'
import { MoreButton } from './MoreButton'
import { currentSearch, EVERYTHING, isNarrowed } from './search'
import { StudyCards } from './StudyCards'
import { StudyTable } from './StudyTable'
import classes from './StudyList.module.css'
import { useListKeys } from './use-list-keys'
import { useListed } from './use-listed'
import { usePreparedViewer } from './use-prepared-viewer'
import { useStudies } from './use-studies'

const TYPING_MS = 250

export function StudyList() {
  const { t } = useTranslation()
  useDocumentTitle(`${t('list.title')} · ${t('common.product')}`)
  const search = useStore(currentSearch)
  const [settled] = useDebouncedValue(search, TYPING_MS)
  const found = useStudies(settled)
  const page = useRef<HTMLDivElement>(null)
  useListKeys(page)
  useEscapeClears()
  usePreparedViewer(found.isSuccess)
  useListed(settled, found)
  return (
    <div ref={page} className={classes.page}>
      <Header />
      <main id="content" className={classes.main} tabIndex={-1}>
        <h1 className="visually-hidden">{t('list.title')}</h1>
        <Filters search={search} onChange={currentSearch.set} />
        <CountLine first={found.first} refreshing={found.isPlaceholderData} />
        <Found found={found} narrowed={isNarrowed(settled)} />
        <ActionBar />
      </main>
    </div>
  )
}

function Found({ found, narrowed }: { readonly found: ReturnType<typeof useStudies>; readonly narrowed: boolean }) {
  const phone = useMediaQuery(PHONE)
  if (found.error && found.studies.length === 0) return <FailedList onRetry={() => void found.refetch()} />
  if (found.isPending) return <Waiting />
  if (found.studies.length === 0) return narrowed ? <NoMatch onClear={() => currentSearch.set(EVERYTHING)} /> : <NoStudies />
  return (
    <div className={classes.found} data-stale={found.isPlaceholderData}>
      {phone ? <StudyCards studies={found.studies} /> : <StudyTable studies={found.studies} />}
      {found.hasNextPage && <MoreButton loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()} />}
    </div>
  )
}
