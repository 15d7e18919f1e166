// An identity provider for tests: the certified oidc-provider of npm, on loopback, at a port that the system chooses.
// Arguments: folder with node_modules, accounts and clients as JSON. Prints its issuer; ends when standard input ends.
// The page it shows asks for a name alone; ?login=ada&amr=mfa on the interaction's address answers for her.
import { createHash, generateKeyPairSync } from 'node:crypto'
import http from 'node:http'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [modules, words] = process.argv.slice(2)
const { Provider } = await import(pathToFileURL(path.join(modules, 'oidc-provider/lib/index.js')).href)
const { accounts, clients, back } = JSON.parse(words)

const keyOf = (type, options, alg) =>
  ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg })

const server = http.createServer()
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const issuer = `http://127.0.0.1:${server.address().port}`

// Our redirect address is one per issuer, and the port is known only now.
if (back) for (const client of clients) client.redirect_uris = [back + createHash('sha256').update(issuer).digest('hex').slice(0, 16)]

const provider = new Provider(issuer, {
  clients,
  cookies: { keys: ['only for tests'] },
  claims: { openid: ['sub', 'amr'], profile: ['preferred_username', 'name', 'locale', 'groups'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  jwks: { keys: [keyOf('rsa', { modulusLength: 2048 }, 'RS256'), keyOf('ec', { namedCurve: 'P-256' }, 'ES256')] },
  pkce: { required: () => true },
  ttl: { Grant: 600, Interaction: 600, Session: 600 },
  findAccount: (_ctx, id) => accounts[id] && { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) },
  loadExistingGrant: async (ctx) => {
    const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId })
    grant.addOIDCScope('openid profile')
    await grant.save()
    return grant
  },
})

const page = '<title>Sign in</title><form><label>User <input name="login" autofocus></label><button>Go on</button></form>'
const answer = provider.callback()
server.on('request', async (request, response) => {
  const url = new URL(request.url, issuer)
  if (!url.pathname.startsWith('/interaction/')) return answer(request, response)
  const login = url.searchParams.get('login')
  if (login === null) return response.writeHead(200, { 'Content-Type': 'text/html' }).end(page)
  const result = accounts[login]
    ? { login: { accountId: login, amr: url.searchParams.getAll('amr') } }
    : { error: 'access_denied', error_description: 'unknown' }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
})
process.stdin.resume().on('end', () => process.exit(0))
process.stdout.write(`${issuer}\n`)
