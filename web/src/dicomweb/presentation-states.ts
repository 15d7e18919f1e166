/** Kinds of softcopy presentation states that are not shown (PS3.3 A.33.3 to A.33.8, A.80; PS3.6 Annex A). */

const ROOT = '1.2.840.10008.5.1.4.1.1.11.'

const KINDS = {
  3: 'pseudoColour',
  4: 'blending',
  5: 'xaXrf',
  6: 'volumetric',
  7: 'volumetric',
  8: 'blending',
  9: 'volumetric',
  10: 'volumetric',
  11: 'volumetric',
  12: 'variableLut',
} as const

export type OtherStateKind = (typeof KINDS)[keyof typeof KINDS]

/** Undefined for states of greys and colours, and for whatever else. */
export function otherStateKind(sopClassUid: string): OtherStateKind | undefined {
  const number = sopClassUid.startsWith(ROOT) ? Number(sopClassUid.slice(ROOT.length)) : 0
  return KINDS[number as keyof typeof KINDS]
}
