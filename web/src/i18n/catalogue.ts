/** The shape of a catalogue: English has the keys, every other language has exactly the same. */
import type { en } from './en'

type Words<T> = { readonly [K in keyof T]: T[K] extends string ? string : Words<T[K]> }

export type Catalogue = Words<typeof en>
