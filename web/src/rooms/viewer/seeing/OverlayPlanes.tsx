/** Drawings that came inside the image object (overlay planes), over its picture; on or off for all. */
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'

import { watchedFetch } from '../../../api/client'
import { bytesOf } from '../../../dicomweb/lut'
import { bitsOf, type OverlayPlane, overlayPlanesOf } from '../../../dicomweb/overlay-planes'
import { createStore, useStore } from '../../../kit/store'
import type { LayerProps } from '../../../viewport/layers'
import { Mark } from './Mark'
import classes from './Seeing.module.css'

export const overlayPlanes = createStore(true)

/** Okabe-Ito: one colour per group. */
const COLOURS = ['#f0e442', '#56b4e9', '#e69f00', '#009e73', '#cc79a7'] as const

export function OverlayPlanes(layer: LayerProps) {
  const shown = useStore(overlayPlanes)
  if (!shown) return null
  return (
    <>
      {overlayPlanesOf(layer.frame).map((plane, at) => (
        <Plane key={plane.group} plane={plane} layer={layer} colour={COLOURS[at % COLOURS.length] ?? COLOURS[0]} line={at} />
      ))}
    </>
  )
}

async function fetchBytes(address: string, signal: AbortSignal): Promise<Uint8Array> {
  const { pathname, search } = new URL(address, window.location.href)
  const response = await watchedFetch(new Request(pathname + search, { headers: { Accept: 'application/octet-stream' }, signal }))
  if (!response.ok) throw new Error(`overlay ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

interface PlaneProps {
  readonly plane: OverlayPlane
  readonly layer: LayerProps
  readonly colour: string
  readonly line: number
}

function Plane({ plane, layer, colour, line }: PlaneProps) {
  const { t } = useTranslation()
  const { frame, toScreen, size } = layer
  const { data, isError } = useQuery({
    queryKey: ['overlay', frame.sopInstanceUid, plane.group],
    queryFn: async ({ signal }) => (await bytesOf(plane.data, (address) => fetchBytes(address, signal))) ?? new Uint8Array(),
    enabled: plane.data !== undefined,
    staleTime: Infinity,
  })
  const bits = data && bitsOf(plane, data)
  if (plane.data === undefined || isError || (data && !bits)) {
    return <Mark size={size} down={68 + line * 20} words={t('seeing.overlayRefused', { group: plane.group })} testId="overlay-plane-refused" />
  }
  if (!bits) return null
  const [left, top] = [plane.origin[1] - 1, plane.origin[0] - 1]
  const [at, right, down] = [toScreen([left, top]), toScreen([left + 1, top]), toScreen([left, top + 1])]
  const matrix = [right[0] - at[0], right[1] - at[1], down[0] - at[0], down[1] - at[1], at[0], at[1]]
  return (
    <foreignObject width={plane.columns} height={plane.rows} transform={`matrix(${matrix.join(' ')})`} className={classes.passive}>
      <Drawing plane={plane} bits={bits} colour={colour} />
    </foreignObject>
  )
}

function Drawing({ plane, bits, colour }: { readonly plane: OverlayPlane; readonly bits: Uint8Array; readonly colour: string }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const { rows, columns } = plane
  useEffect(() => {
    const pencil = canvas.current?.getContext('2d')
    if (!pencil) return
    const picture = new ImageData(columns, rows)
    const [red, green, blue] = [1, 3, 5].map((from) => Number.parseInt(colour.slice(from, from + 2), 16))
    for (const [at, bit] of bits.entries()) if (bit) picture.data.set([red ?? 255, green ?? 255, blue ?? 255, 255], at * 4)
    pencil.putImageData(picture, 0, 0)
  }, [bits, colour, columns, rows])
  return <canvas ref={canvas} width={columns} height={rows} className={classes.plane} data-testid="overlay-plane" data-group={plane.group} />
}
