/** Squared paper with the channels of one group, one below the other. */
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { tracePath } from '../../../dicomweb/tracing'
import type { Channel, WaveformGroup } from '../../../dicomweb/waveform'
import { marked } from '../../../kit/marked'
import { Calipers } from './Calipers'
import { PaperControls } from './PaperControls'
import { MARGIN_MM, mmPerUnit, PAGE_SECONDS, type PaperSettings, ROW_MM } from './paper-settings'
import classes from './WaveformPane.module.css'

export function Paper({ group }: { readonly group: WaveformGroup }) {
  const { t } = useTranslation()
  const [settings, setSettings] = useState<PaperSettings>({ mmPerSecond: 25, mmPerMillivolt: 10, pixelsPerMm: 4, from: 0 })
  const { channels, samplesPerSecond } = group
  const duration = (channels[0]?.values.length ?? 0) / samplesPerSecond
  const seconds = Math.min(PAGE_SECONDS, duration)
  const { pixelsPerMm, mmPerSecond } = settings
  const [width, height] = [(MARGIN_MM + seconds * mmPerSecond) * pixelsPerMm, channels.length * ROW_MM * pixelsPerMm]
  return (
    <>
      <PaperControls settings={settings} onChange={(change) => setSettings((now) => ({ ...now, ...change }))} duration={duration} />
      <Facts group={group} />
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by the keyboard (WCAG 2.1.1) */}
      <div className={classes.scroll} tabIndex={0} role="region" aria-label={t('objects.paper')}>
        <svg width={width} height={height} className={classes.paper} data-testid="paper" data-pixels-per-mm={pixelsPerMm}>
          <Grid pixelsPerMm={pixelsPerMm} />
          {channels.map((channel, row) => (
            <Trace key={channel.name + String(row)} {...{ channel, row, samplesPerSecond, settings, seconds }} />
          ))}
          <Calipers settings={settings} size={[width, height]} />
        </svg>
      </div>
    </>
  )
}

function Grid({ pixelsPerMm: mm }: { readonly pixelsPerMm: number }) {
  const [small, large] = [useId(), useId()]
  return (
    <>
      <defs>
        <pattern id={small} width={mm} height={mm} patternUnits="userSpaceOnUse">
          <path d={`M${mm} 0H0V${mm}`} className={classes.small} />
        </pattern>
        <pattern id={large} width={5 * mm} height={5 * mm} patternUnits="userSpaceOnUse">
          <rect width={5 * mm} height={5 * mm} fill={`url(#${small})`} />
          <path d={`M${5 * mm} 0H0V${5 * mm}`} className={classes.large} />
        </pattern>
      </defs>
      <rect width="100%" height="100%" fill={`url(#${large})`} />
    </>
  )
}

interface TraceProps {
  readonly channel: Channel
  readonly row: number
  readonly samplesPerSecond: number
  readonly settings: PaperSettings
  readonly seconds: number
}

function Trace({ channel, row, samplesPerSecond, settings, seconds }: TraceProps) {
  const { t } = useTranslation()
  const { pixelsPerMm, mmPerSecond, mmPerMillivolt, from } = settings
  const { mm, fitted } = mmPerUnit(channel, mmPerMillivolt)
  const first = Math.round(from * samplesPerSecond)
  const range = [first, first + Math.round(seconds * samplesPerSecond) + 1] as const
  const path = tracePath(channel.values, samplesPerSecond, range, { pixelsPerMm, mmPerSecond, mmPerUnit: mm })
  const zero = (row + 0.5) * ROW_MM * pixelsPerMm
  const mark = mmPerMillivolt * pixelsPerMm
  return (
    <g transform={`translate(0 ${zero})`} data-channel={channel.name}>
      <text x={4} y={-ROW_MM * pixelsPerMm * 0.28}>
        {marked(channel.name)}
      </text>
      {fitted ? (
        <text x={4} y={14} className={classes.unit}>
          {channel.unit === undefined ? t('objects.unitUnknown') : `${Number((10 / mm).toPrecision(3))} ${channel.unit} / 10 mm`}
        </text>
      ) : (
        <path d={`M${9 * pixelsPerMm} 0v${-mark}h${4 * pixelsPerMm}v${mark}`} className={classes.trace} data-calibration="1 mV" />
      )}
      <path d={path} transform={`translate(${MARGIN_MM * pixelsPerMm} 0)`} className={classes.trace} data-trace={channel.name} />
    </g>
  )
}

/** What was done to the signal before it was stored, in the words of the file. */
function Facts({ group }: { readonly group: WaveformGroup }) {
  const { t } = useTranslation()
  const [first] = group.channels
  const alike = group.channels.every(({ lowHz, highHz, notchHz }) => lowHz === first?.lowHz && highHz === first?.highHz && notchHz === first?.notchHz)
  const device = [
    first?.lowHz !== undefined && first.highHz !== undefined && t('objects.band', { low: first.lowHz, high: first.highHz }),
    first?.notchHz !== undefined && first.notchHz > 0 && t('objects.notch', { hz: first.notchHz }),
  ].filter(Boolean)
  return (
    <p className={classes.facts} data-testid="waveform-facts">
      {t('objects.samples', { rate: group.samplesPerSecond })} · {t('objects.noFilter')} ·{' '}
      {!alike ? t('objects.deviceFiltersDiffer') : device.length > 0 ? t('objects.deviceFilters', { filters: device.join(', ') }) : t('objects.deviceFiltersUnknown')}
    </p>
  )
}
