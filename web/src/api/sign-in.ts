/** Coming in: steps of signing in, second factors, signed-in devices, the policy. */
import { queryOptions } from '@tanstack/react-query'

import { makePasskey, showPasskey } from '../kit/webauthn'
import { api, dataOf } from './client'
import type { components } from './schema'
import type { Me } from './types'

type Schemas = components['schemas']
export type NextStep = Schemas['NextStep']
export type SignInState = Schemas['SignInState']
export type OwnFactors = Schemas['OwnFactors']
export type Passkey = Schemas['Passkey']
export type Seed = Schemas['Seed']
export type SignedInDevice = Schemas['SignedInDevice']
export type SignInPolicy = Schemas['SignInPolicy']
export type CodeFactor = Schemas['Code']['factor']

export const signInStateQuery = queryOptions({
  queryKey: ['sign-in-state'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/sign-in', { signal })),
  staleTime: 0,
})

export const ownFactorsQuery = queryOptions({
  queryKey: ['second-factors'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/me/second-factors', { signal })),
})

export const ownDevicesQuery = queryOptions({
  queryKey: ['own-devices'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/me/sessions', { signal })).devices,
})

export const devicesQuery = queryOptions({
  queryKey: ['signed-in-devices'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/sessions', { signal })).devices,
})

export const policyQuery = queryOptions({
  queryKey: ['sign-in-policy'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/sign-in-policy', { signal })),
})

/** Whether something is to be shown or set up before the session opens. */
export function isNextStep(answer: Me | NextStep): answer is NextStep {
  return 'next' in answer
}

export async function signIn(username: string, password: string): Promise<Me | NextStep> {
  return dataOf(await api.POST('/api/sign-in', { body: { username, password } }))
}

export async function signInWithCode(factor: CodeFactor, code: string): Promise<Me | NextStep> {
  return dataOf(await api.POST('/api/sign-in/second-factor', { body: { factor, code } }))
}

export async function signInWithPasskey(): Promise<Me | NextStep> {
  return dataOf(await api.POST('/api/sign-in/passkey', { body: { credential: await shownPasskey() } }))
}

export async function startOver(): Promise<void> {
  await api.POST('/api/sign-out').catch(() => undefined)
}

export async function confirmWithPassword(password: string): Promise<void> {
  dataOf(await api.POST('/api/me/confirmation', { body: { password } }))
}

export async function confirmWithPasskey(): Promise<void> {
  dataOf(await api.POST('/api/me/confirmation', { body: { credential: await shownPasskey() } }))
}

export async function beginApp(): Promise<Seed> {
  return dataOf(await api.POST('/api/me/authenticator-app'))
}

/** The recovery codes, when they were made now. */
export async function finishApp(code: string): Promise<readonly string[]> {
  return dataOf(await api.POST('/api/me/authenticator-app/confirmation', { body: { code } })).recovery_codes
}

export async function removeApp(): Promise<void> {
  dataOf(await api.DELETE('/api/me/authenticator-app'))
}

/** The recovery codes, when they were made now. */
export async function addPasskey(label: string): Promise<readonly string[]> {
  const options = dataOf(await api.POST('/api/me/passkeys/options'))
  const credential = await makePasskey(options)
  return dataOf(await api.POST('/api/me/passkeys', { body: { credential, label } })).recovery_codes
}

export async function removePasskey(passkeyId: number): Promise<void> {
  dataOf(await api.DELETE('/api/me/passkeys/{passkey_id}', { params: { path: { passkey_id: passkeyId } } }))
}

export async function newRecoveryCodes(): Promise<readonly string[]> {
  return dataOf(await api.POST('/api/me/recovery-codes')).recovery_codes
}

export async function endOwnDevice(sitting: string): Promise<void> {
  dataOf(await api.DELETE('/api/me/sessions/{sitting}', { params: { path: { sitting } } }))
}

export async function endOwnOtherDevices(): Promise<void> {
  dataOf(await api.DELETE('/api/me/sessions'))
}

export async function endDevice(sitting: string): Promise<void> {
  dataOf(await api.DELETE('/api/sessions/{sitting}', { params: { path: { sitting } } }))
}

export async function putPolicy(policy: SignInPolicy): Promise<SignInPolicy> {
  return dataOf(await api.PUT('/api/sign-in-policy', { body: policy }))
}

async function shownPasskey() {
  return showPasskey(dataOf(await api.POST('/api/sign-in/passkey-options')))
}
