/** Reading the DICOM JSON model (PS3.18 Annex F): elements by tag, never by guess. */

export interface JsonElement {
  readonly vr: string
  readonly Value?: readonly unknown[]
  readonly BulkDataURI?: string
  readonly InlineBinary?: string
}

export type DataSet = Readonly<Record<string, JsonElement | undefined>>

export function text(dataSet: DataSet | undefined, tag: string): string | undefined {
  const value = dataSet?.[tag]?.Value?.[0]
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined
}

export function texts(dataSet: DataSet | undefined, tag: string): string[] {
  return (dataSet?.[tag]?.Value ?? []).filter((value) => typeof value === 'string')
}

/** The numbers of an element; DS and IS may come as numbers or as text. Empty when any is not a number. */
export function numbers(dataSet: DataSet | undefined, tag: string): number[] {
  const values = (dataSet?.[tag]?.Value ?? []).map((value) => (value === null || value === '' ? Number.NaN : Number(value)))
  return values.every(Number.isFinite) ? values : []
}

export function number(dataSet: DataSet | undefined, tag: string): number | undefined {
  const value = dataSet?.[tag]?.Value?.[0]
  if (value === null || value === undefined || value === '') return undefined
  const read = Number(value)
  return Number.isFinite(read) ? read : undefined
}

export function items(dataSet: DataSet | undefined, tag: string): DataSet[] {
  return (dataSet?.[tag]?.Value ?? []).filter((value): value is DataSet => typeof value === 'object' && value !== null)
}

export function item(dataSet: DataSet | undefined, tag: string): DataSet | undefined {
  return items(dataSet, tag)[0]
}

/** A person name as one text with its component groups, "alphabetic=ideographic=phonetic". */
export function personName(dataSet: DataSet | undefined, tag: string): string | undefined {
  const value = dataSet?.[tag]?.Value?.[0]
  if (typeof value === 'string') return value || undefined
  if (typeof value !== 'object' || value === null) return undefined
  const groups = value as { Alphabetic?: string; Ideographic?: string; Phonetic?: string }
  const joined = [groups.Alphabetic ?? '', groups.Ideographic ?? '', groups.Phonetic ?? ''].join('=').replace(/=+$/, '')
  return joined || undefined
}

/** Bytes that travel inside the JSON. */
export function inlineBytes(element: JsonElement | undefined): Uint8Array | undefined {
  if (element?.InlineBinary === undefined) return undefined
  const binary = atob(element.InlineBinary)
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}
