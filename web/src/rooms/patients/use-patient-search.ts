/** What is typed of a patient, and the patients it finds once the typing rests. */
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { type Patient, patientsQuery } from '../../api/patients'

const TYPING_MS = 250

interface PatientSearch {
  readonly text: string
  readonly setText: (text: string) => void
  readonly found: readonly Patient[] | undefined
  readonly error: unknown
}

/** emptyFindsAll: an empty field lists everybody, as on the page of the patients. */
export function usePatientSearch({ emptyFindsAll = false }: { readonly emptyFindsAll?: boolean } = {}): PatientSearch {
  const [text, setText] = useState('')
  const [settled] = useDebouncedValue(text.trim(), TYPING_MS)
  const { data: found, error } = useQuery({ ...patientsQuery(settled), enabled: emptyFindsAll || settled !== '' })
  return { text, setText, found, error }
}
