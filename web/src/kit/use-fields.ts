/** The fields of a form as one object, and what an input needs to show and change one of them. */
import { type ChangeEvent, useState } from 'react'

type KeysOf<F, V> = { [K in keyof F]-?: F[K] extends V ? K : never }[keyof F]

/** What a text input takes of a field. */
export interface TextProps {
  readonly value: string
  readonly onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>) => void
}

export interface Fields<F extends object> {
  readonly fields: F
  readonly set: (change: Partial<F>) => void
  readonly text: (key: KeysOf<F, string>) => TextProps
  readonly flag: (key: KeysOf<F, boolean>) => { checked: boolean; onChange: (event: ChangeEvent<HTMLInputElement>) => void }
}

export function useFields<F extends object>(initial: F): Fields<F> {
  const [fields, setFields] = useState(initial)
  const set = (change: Partial<F>) => setFields((now) => ({ ...now, ...change }))
  return {
    fields,
    set,
    text: (key) => ({
      value: fields[key] as string,
      onChange: (event) => set({ [key]: event.currentTarget.value } as unknown as Partial<F>),
    }),
    flag: (key) => ({
      checked: fields[key] as boolean,
      onChange: (event) => set({ [key]: event.currentTarget.checked } as unknown as Partial<F>),
    }),
  }
}
