/**
 * Passkeys in the browser (W3C Web Authentication Level 3): options from the server's JSON, answers as JSON.
 * Written out, because older browsers in hospitals lack parseCreationOptionsFromJSON and toJSON.
 */

export type Json = Record<string, unknown>

interface CreationJson {
  readonly challenge: string
  readonly user: { readonly id: string }
  readonly excludeCredentials?: readonly { readonly id: string }[]
}

interface RequestJson {
  readonly challenge: string
  readonly allowCredentials?: readonly { readonly id: string }[]
}

/** Why this browser can make no passkey here, if so: they are bound to a name, and need a secure address. */
export function passkeysHere(): 'possible' | 'unsupported' | 'insecure' | 'nameless' {
  if (/^(\d+\.){3}\d+$|^\[/.test(window.location.hostname)) return 'nameless'
  if (!window.isSecureContext) return 'insecure'
  return 'PublicKeyCredential' in window ? 'possible' : 'unsupported'
}

/** Lets the person make a passkey. Rejects when she gives up. */
export async function makePasskey(options: Json): Promise<Json> {
  const given = options as unknown as CreationJson
  const publicKey = {
    ...given,
    challenge: bytesOf(given.challenge),
    user: { ...given.user, id: bytesOf(given.user.id) },
    excludeCredentials: given.excludeCredentials?.map((each) => ({ ...each, id: bytesOf(each.id) })),
  } as unknown as PublicKeyCredentialCreationOptions
  const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential
  const response = made.response as AuthenticatorAttestationResponse
  return asJson(made, {
    clientDataJSON: textOf(response.clientDataJSON),
    attestationObject: textOf(response.attestationObject),
    transports: response.getTransports?.() ?? [],
  })
}

/** Lets the person show a passkey. Rejects when she gives up. */
export async function showPasskey(options: Json): Promise<Json> {
  const given = options as unknown as RequestJson
  const publicKey = {
    ...given,
    challenge: bytesOf(given.challenge),
    allowCredentials: given.allowCredentials?.map((each) => ({ ...each, id: bytesOf(each.id) })),
  } as unknown as PublicKeyCredentialRequestOptions
  const shown = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential
  const response = shown.response as AuthenticatorAssertionResponse
  return asJson(shown, {
    clientDataJSON: textOf(response.clientDataJSON),
    authenticatorData: textOf(response.authenticatorData),
    signature: textOf(response.signature),
    userHandle: response.userHandle ? textOf(response.userHandle) : null,
  })
}

function asJson(credential: PublicKeyCredential, response: Json): Json {
  const rawId = textOf(credential.rawId)
  return { id: rawId, rawId, type: credential.type, response, clientExtensionResults: credential.getClientExtensionResults() }
}

export function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

export function textOf(bytes: ArrayBuffer): string {
  const text = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('')
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
