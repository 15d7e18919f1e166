/** The reading room: one study, its series, its images. */
import { useDisclosure, useDocumentTitle, useMediaQuery } from '@mantine/hooks'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useCallback, useEffect, useMemo, useReducer, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { watchedFetch } from '../../api/client'
import { connection } from '../../api/connection'
import { useReadingRoom } from '../../room'
import { PHONE } from '../../theme/tokens'
import { engine, startCornerstone } from '../../viewport/cornerstone'
import { abortLoading } from '../../viewport/loader'
import type { StackView } from '../../viewport/stack-view'
import { chooseTool } from '../../viewport/tools'
import { type Commands, runKey } from './commands'
import { HelpSheet } from './HelpSheet'
import { useNamedWindows } from './presets'
import { SeriesRail } from './SeriesRail'
import { StudyFailure } from './StudyFailure'
import { Toolbar } from './Toolbar'
import { useStudy } from './use-study'
import { ViewerHeader } from './ViewerHeader'
import classes from './ViewerRoom.module.css'
import { ViewGrid } from './ViewGrid'
import { closed, neighbour, viewerReducer } from './viewer-state'

/** Called by the list while it is idle: workers, codecs and graphics start before they are needed. */
export function prepare(): void {
  startCornerstone(watchedFetch)
  engine()
}

export function ViewerRoom() {
  useReadingRoom()
  prepare()
  const { studyInstanceUid } = useParams({ from: '/signed-in/studies/$studyInstanceUid' })
  return <Viewer key={studyInstanceUid} studyInstanceUid={studyInstanceUid} />
}

function Viewer({ studyInstanceUid }: { readonly studyInstanceUid: string }) {
  const { t } = useTranslation()
  const phone = useMediaQuery(PHONE)
  const { data: study, error } = useStudy(studyInstanceUid)
  useDocumentTitle(`${study?.study_description ?? t('menu.studies')} · ${t('common.product')}`)
  const series = useMemo(() => study?.series ?? [], [study])
  const uids = useMemo(() => series.map((one) => one.series_instance_uid), [series])
  const [state, dispatch] = useReducer(viewerReducer, window.matchMedia('(pointer: coarse)').matches, closed)
  const [views, setViews] = useState<Readonly<Record<number, StackView | undefined>>>({})
  const [helpOpen, help] = useDisclosure(false)
  const drawableFirst = useMemo(() => [...series].sort((a, b) => Number(b.drawable) - Number(a.drawable)), [series])

  useEffect(() => {
    if (drawableFirst.length > 0) dispatch({ type: 'open', series: drawableFirst.map((one) => one.series_instance_uid) })
  }, [drawableFirst])
  useEffect(() => chooseTool(state.tool), [state.tool])
  useRetryAfterLoss(views)
  useEffect(() => abortLoading, [])

  const onView = useCallback((cell: number, view: StackView | undefined) => setViews((now) => ({ ...now, [cell]: view })), [])
  const onActivate = useCallback((cell: number) => dispatch({ type: 'activate', cell }), [])
  const onPlace = useCallback((seriesInstanceUid: string, cell: number) => dispatch({ type: 'place', seriesInstanceUid, cell }), [])
  const view = views[state.active]
  const commands = useCommands({ state, dispatch, uids, view, toggleHelp: help.toggle })
  useKeys(commands)

  if (error && !study) return <StudyFailure error={error} studyInstanceUid={studyInstanceUid} />
  const toolbar = <Toolbar state={state} view={view} commands={commands} />
  return (
    <div className={classes.room}>
      <ViewerHeader study={study}>{phone ? null : toolbar}</ViewerHeader>
      <main id="content" className={classes.main} tabIndex={-1}>
        <SeriesRail
          studyInstanceUid={studyInstanceUid}
          series={series}
          shown={state.cells.slice(0, state.layout)}
          active={state.cells[state.active]}
          onChoose={(uid) => dispatch({ type: 'place', seriesInstanceUid: uid })}
        />
        <ViewGrid studyInstanceUid={studyInstanceUid} series={series} state={state} onActivate={onActivate} onPlace={onPlace} onView={onView} />
      </main>
      {phone && <div className={classes.phoneTools}>{toolbar}</div>}
      <HelpSheet opened={helpOpen} onClose={help.close} />
    </div>
  )
}

interface CommandParts {
  readonly state: ReturnType<typeof viewerReducer>
  readonly dispatch: (action: Parameters<typeof viewerReducer>[1]) => void
  readonly uids: readonly string[]
  readonly view: StackView | undefined
  readonly toggleHelp: () => void
}

function useCommands({ state, dispatch, uids, view, toggleHelp }: CommandParts): Commands {
  const navigate = useNavigate()
  const windows = useNamedWindows()
  return {
    view: () => view,
    chooseTool: (tool) => dispatch({ type: 'tool', tool }),
    chooseLayout: (layout) => dispatch({ type: 'layout', layout, series: uids }),
    stepSeries: (step) => {
      const next = neighbour(uids, state.cells[state.active], step)
      if (next !== undefined) dispatch({ type: 'place', seriesInstanceUid: next })
    },
    nextCell: () => dispatch({ type: 'activate', cell: (state.active + 1) % state.layout }),
    choosePreset: (index) => {
      const setting = windows(view?.state.get().imageId)[index]
      if (setting) view?.setWindow(setting)
    },
    toggleHelp,
    leave: () => void navigate({ to: '/' }),
  }
}

/** Keys act unless something else has them: a field, a menu, the help sheet. */
function useKeys(commands: Commands): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target instanceof HTMLElement ? event.target : document.body
      // Asked of the page, because a sheet that this very key closes is still there but no longer open.
      if (target.closest('input, textarea, select') || document.querySelector('[role="menu"], [role="dialog"]')) return
      if (event.key === ' ' && target.closest('button, a')) return
      if (runKey(event, commands)) event.preventDefault()
    }
    // Before cornerstone, which takes every key that a viewport gets.
    document.addEventListener('keydown', onKey, { capture: true })
    return () => document.removeEventListener('keydown', onKey, { capture: true })
  }, [commands])
}

/** When the server is back, images that could not be fetched are asked for again. */
function useRetryAfterLoss(views: Readonly<Record<number, StackView | undefined>>): void {
  useEffect(
    () =>
      connection.subscribe(() => {
        if (connection.get() !== 'here') return
        for (const view of Object.values(views)) {
          if (view?.state.get().failure === 'lost') void view.retry()
          view?.startPrefetch()
        }
      }),
    [views],
  )
}
