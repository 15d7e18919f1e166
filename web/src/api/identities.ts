/** Identity providers, OAuth2 clients and tokens of one's institution. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type IdentityProvider = components['schemas']['IdentityProvider']
export type ProviderSettings = components['schemas']['ProviderSettings']
export type NewProvider = components['schemas']['NewProvider']
export type AccountRules = components['schemas']['ProviderAccountRules']
export type IssuerCheck = components['schemas']['IssuerCheck']
export type Client = components['schemas']['Client']
export type Token = components['schemas']['Token']
export type NewSecret = components['schemas']['NewSecret']

export const PROVIDERS = ['identity-providers'] as const

/** Both keepers see the same list, each by her own right. */
export const providersQuery = (security: boolean) =>
  queryOptions({
    queryKey: [...PROVIDERS, security],
    queryFn: async ({ signal }) =>
      dataOf(security ? await api.GET('/api/identity-providers', { signal }) : await api.GET('/api/identity-providers/account-rules', { signal })).providers,
  })

export const offeredProvidersQuery = queryOptions({
  queryKey: ['offered-providers'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/sign-in/providers', { signal })).providers,
  retry: false,
})

const provider = (id: number) => ({ params: { path: { provider_id: id } } })

export const checkIssuer = async (issuer: string): Promise<IssuerCheck> => dataOf(await api.POST('/api/identity-providers/check', { body: { issuer } }))

export const addProvider = async (body: NewProvider): Promise<IdentityProvider> => dataOf(await api.POST('/api/identity-providers', { body }))

export const changeProvider = async (id: number, body: ProviderSettings): Promise<IdentityProvider> =>
  dataOf(await api.PUT('/api/identity-providers/{provider_id}', { ...provider(id), body }))

export const setAccountRules = async (id: number, body: AccountRules): Promise<IdentityProvider> =>
  dataOf(await api.PUT('/api/identity-providers/{provider_id}/account-rules', { ...provider(id), body }))

export async function removeProvider(id: number): Promise<void> {
  dataOf(await api.DELETE('/api/identity-providers/{provider_id}', provider(id)))
}

export const programRolesQuery = queryOptions({
  queryKey: ['program-roles'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/program-roles', { signal })).roles,
})

export const clientsQuery = queryOptions({
  queryKey: ['clients'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/clients', { signal })).clients,
})

export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/tokens', { signal })).tokens,
})

const client = (id: string) => ({ params: { path: { client_id: id } } })

export const addClient = async (body: components['schemas']['NewClient']): Promise<NewSecret> => dataOf(await api.POST('/api/clients', { body }))

export const changeClient = async (id: string, body: components['schemas']['ClientChange']): Promise<Client> =>
  dataOf(await api.PATCH('/api/clients/{client_id}', { ...client(id), body }))

export async function endClient(id: string): Promise<void> {
  dataOf(await api.DELETE('/api/clients/{client_id}', client(id)))
}

export const addSecret = async (id: string): Promise<NewSecret> => dataOf(await api.POST('/api/clients/{client_id}/secrets', client(id)))

export const endSecret = async (id: string, secretId: number): Promise<Client> =>
  dataOf(await api.DELETE('/api/clients/{client_id}/secrets/{secret_id}', { params: { path: { client_id: id, secret_id: secretId } } }))

export const issueToken = async (body: components['schemas']['NewToken']): Promise<string> => dataOf(await api.POST('/api/tokens', { body })).token

export async function endToken(id: number): Promise<void> {
  dataOf(await api.DELETE('/api/tokens/{token_id}', { params: { path: { token_id: id } } }))
}
