/** The reading room: one study, its series, its images. */
import { useDocumentTitle, useMediaQuery } from '@mantine/hooks'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { watchedFetch } from '../../api/client'
import { connection } from '../../api/connection'
import { loadPreferences } from '../../api/preferences'
import { useMe } from '../../api/session'
import type { Me, Study } from '../../api/types'
import { useReadingRoom } from '../../room'
import { PHONE } from '../../theme/tokens'
import { engine, startCornerstone } from '../../viewport/cornerstone'
import { abortLoading } from '../../viewport/loader'
import { forgetOverlays } from '../../viewport/overlays/shown'
import type { StackView } from '../../viewport/stack-view'
import { chooseTool } from '../../viewport/tools'
import { type Room, RoomContext } from './context'
import { DisplayReminder } from './DisplayReminder'
import { useHanded } from './hand-over/use-handed'
import { useHanging } from './hanging/use-hanging'
import { type History, historyOf } from './history'
import { useOpenStudies } from './open-studies'
import { useAhead } from './list/use-ahead'
import { MeasuringRoom } from './measuring/MeasuringRoom'
import { claimAhead } from './opening'
import { PanelPlace } from './PanelPlace'
import { useBeside } from './priors/use-beside'
import { useNamedWindows } from './presets'
import { useLinking } from './seeing/use-linking'
import { SeriesRail } from './SeriesRail'
import { StudyFailure } from './StudyFailure'
import { PanelButtons, Toolbar } from './Toolbar'
import { useGestures } from './use-gestures'
import { useKeys } from './use-keys'
import { useOtherWindows } from './windows'
import { useStudy } from './use-study'
import { ViewerHeader } from './ViewerHeader'
import classes from './ViewerRoom.module.css'
import { ViewGrid } from './ViewGrid'
import { rememberAction } from './view-changes'
import { closed, shownCells, type ViewerAction, viewerReducer, type ViewerState } from './viewer-state'

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
  const { views, onView } = useViews()
  const room = useRoomOf(studyInstanceUid, study, views)
  const { state, dispatch } = room
  useOffer(room)
  useEffect(() => chooseTool(state.tool), [state.tool])
  useRetryAfterLoss(views)
  useEffect(() => abortLoading, [])
  useEffect(() => forgetOverlays, [])
  useKeys(room)
  useHanging(room)
  useBeside(room)
  useHanded(room)
  useGestures(room)
  useOtherWindows(room)
  useLinking(room)
  useAhead(room)
  usePreferencesOf(useMe())

  if (error && !study) return <StudyFailure error={error} studyInstanceUid={studyInstanceUid} />
  const active = state.cells[state.active]
  return (
    <RoomContext value={room}>
      <div className={classes.room}>
        <ViewerHeader study={study}>
          {phone === false && <DisplayReminder />}
          {phone === false && <PanelButtons />}
        </ViewerHeader>
        {phone === false && (
          <div className={classes.tools}>
            <Toolbar panels={false} />
          </div>
        )}
        <main id="content" className={classes.main} tabIndex={-1}>
          <SeriesRail
            studyInstanceUid={studyInstanceUid}
            series={study?.series ?? []}
            shown={shownCells(state).map((cell) => cell?.seriesInstanceUid)}
            active={active?.seriesInstanceUid}
            onChoose={(seriesInstanceUid) => dispatch({ type: 'place', placed: { studyInstanceUid, seriesInstanceUid } })}
          />
          <ViewGrid onView={onView} />
          <PanelPlace />
          <MeasuringRoom />
        </main>
        {phone && (
          <div className={classes.phoneTools}>
            <Toolbar />
          </div>
        )}
      </div>
    </RoomContext>
  )
}

type Views = ReadonlyMap<number, StackView>

function useViews() {
  const [views, setViews] = useState<Views>(new Map())
  const onView = useCallback(
    (cell: number, view: StackView | undefined) =>
      setViews((now) => {
        const others = [...now].filter(([at]) => at !== cell)
        return new Map(view ? [...others, [cell, view] as const] : others)
      }),
    [],
  )
  return { views, onView }
}

function useRoomOf(studyInstanceUid: string, study: Study | undefined, views: Views): Room {
  const navigate = useNavigate()
  const fingers = window.matchMedia('(pointer: coarse)').matches
  const [state, act] = useReducer(viewerReducer, undefined, () => closed(studyInstanceUid, fingers))
  const history = historyOf(studyInstanceUid)
  const dispatch = useActing(history, state, act)
  const [panel, openPanel] = useState<string>()
  const studies = useOpenStudies(state.studies)
  const view = views.get(state.active)
  const windows = useNamedWindows(view)
  const leave = useCallback(() => void navigate({ to: '/' }), [navigate])
  const toStudy = useCallback(
    (to: string) => {
      claimAhead(to)
      // Replaced, so that the browser's "back" leads to the list from every study.
      void navigate({ to: '/studies/$studyInstanceUid', params: { studyInstanceUid: to }, replace: true })
    },
    [navigate],
  )
  return useMemo(
    () => ({ studyInstanceUid, study, studies, state, dispatch, view, views, windows, history, panel, openPanel, leave, toStudy }),
    [studyInstanceUid, study, studies, state, dispatch, view, views, windows, history, panel, openPanel, leave, toStudy],
  )
}

/** Actions as they are, and remembered where they move something. */
function useActing(history: History, state: ViewerState, act: (action: ViewerAction) => void): (action: ViewerAction) => void {
  const now = useRef(state)
  useLayoutEffect(() => {
    now.current = state
  }, [state])
  return useCallback(
    (action: ViewerAction) => {
      rememberAction(history, now.current, action, act)
      act(action)
    },
    [history, act],
  )
}

/** Empty cells are filled with what can be drawn first. */
function useOffer({ study, dispatch }: Room): void {
  useEffect(() => {
    if (!study) return
    const drawableFirst = [...study.series].sort((a, b) => Number(b.drawable) - Number(a.drawable))
    const series = drawableFirst.map((one) => ({ studyInstanceUid: study.study_instance_uid, seriesInstanceUid: one.series_instance_uid }))
    if (series.length > 0) dispatch({ type: 'offer', series })
  }, [study, dispatch])
}

function usePreferencesOf(me: Me | undefined): void {
  const user = me && `${me.institution.name}/${me.username}`
  useEffect(() => {
    if (user) void loadPreferences(user)
  }, [user])
}

/** When the server is back, images that could not be fetched are asked for again. */
function useRetryAfterLoss(views: Views): void {
  useEffect(
    () =>
      connection.subscribe(() => {
        if (connection.get() !== 'here') return
        for (const view of views.values()) {
          if (view.state.get().failure === 'lost') void view.retry()
          view.startPrefetch()
        }
      }),
    [views],
  )
}
