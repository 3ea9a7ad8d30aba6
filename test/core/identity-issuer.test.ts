import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { type Test, test } from 'tap';
import { startHub } from '../helpers/hub.ts';
import { loggedErrors } from '../helpers/start-with.ts';
import { whoAmI } from '../helpers/who-am-i.ts';

interface Issuer {
  readonly jwks: string;
  readonly server: Server;
  sign(claims: JWTPayload, kid?: string): Promise<string>;
}

/** An issuer that publishes one key, on a server of its own. */
async function issuer(t: Test, alg: 'ES256' | 'EdDSA' = 'ES256'): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'one', alg }];
  const server = createServer((_request, response) => void response.end(JSON.stringify({ keys })));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.closeAllConnections());
  t.teardown(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return {
    jwks: `http://127.0.0.1:${port}/jwks`,
    server,
    sign: (claims, kid = 'one') => sign(privateKey, alg, claims, kid),
  };
}

const sign = (key: CryptoKey, alg: string, claims: JWTPayload, kid: string) =>
  new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(key);

/** What `GET /who` answers to a token. */
const asks = (hub: { origin: string }) => async (token: string) =>
  (await fetch(`${hub.origin}/who`, { headers: { authorization: `Bearer ${token}` } })).json();

test('tokens of an issuer are verified by its published keys, the hub’s own by its secret', async (t) => {
  const { jwks, sign: signIssued } = await issuer(t);
  const hub = await startHub(t, { identity: { jwks }, plugins: [whoAmI()] });
  const ask = asks(hub);
  t.match(await ask(await signIssued({ sub: 'ann' })), { user: 'ann' });
  t.match(await ask(await hub.identity.sign('bob')), { user: 'bob' });
  t.match(await ask(await signIssued({ sub: 'ann' }, 'two')), { error: { code: 'unauthorized' } });
  const { privateKey } = await generateKeyPair('ES256');
  t.match(await ask(await sign(privateKey, 'ES256', { sub: 'ann' }, 'one')), {
    error: { code: 'unauthorized', message: /signature/ },
  });
});

test('issuer and audience are required where they are configured', async (t) => {
  const { jwks, sign: signIssued } = await issuer(t);
  const identity = { jwks, issuer: 'https://id.test', audience: 'wayhub' };
  const hub = await startHub(t, { identity, plugins: [whoAmI()] });
  const ask = asks(hub);
  const claims = { sub: 'ann', iss: 'https://id.test', aud: 'wayhub' };
  t.match(await ask(await signIssued(claims)), { user: 'ann' });
  t.match(await ask(await signIssued({ ...claims, aud: ['other', 'wayhub'] })), { user: 'ann' });
  t.match(await ask(await signIssued({ ...claims, iss: 'https://evil.test' })), {
    error: { code: 'unauthorized', message: /"iss"/ },
  });
  t.match(await ask(await signIssued({ ...claims, aud: 'other' })), { error: { message: /"aud"/ } });
  t.match(await ask(await signIssued({ sub: 'ann', aud: 'wayhub' })), { error: { message: /"iss"/ } });
  t.match(await ask(await signIssued({ ...claims, exp: 1 })), { error: { code: 'token_expired' } });
  t.match(await ask(await hub.identity.sign('bob')), { user: 'bob' }, 'the hub’s own have neither');
});

test('an issuer and the hub may both sign with EdDSA', async (t) => {
  const { jwks, sign: signIssued } = await issuer(t, 'EdDSA');
  const { generateKeyPairSync } = await import('node:crypto');
  const secret = String(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const hub = await startHub(t, { identity: { secret, jwks }, plugins: [whoAmI()] });
  const ask = asks(hub);
  t.match(await ask(await hub.identity.sign('bob')), { user: 'bob' });
  t.match(await ask(await signIssued({ sub: 'ann' })), { user: 'ann' });
});

test('without a configured issuer its tokens are refused', async (t) => {
  const { sign: signIssued } = await issuer(t);
  const hub = await startHub(t, { plugins: [whoAmI()] });
  t.match(await asks(hub)(await signIssued({ sub: 'ann' })), { error: { code: 'unauthorized' } });
});

test('a key set that cannot be had is told to the operator, not to the client', async (t) => {
  const { jwks, server, sign: signIssued } = await issuer(t);
  server.removeAllListeners('request');
  server.on('request', (_request, response) => void response.writeHead(500).end());
  const hub = await startHub(t, { identity: { jwks }, plugins: [whoAmI()] });
  t.match(await asks(hub)(await signIssued({ sub: 'ann' })), {
    error: { code: 'unauthorized', message: 'the token could not be checked' },
  });
  t.match(loggedErrors(hub), [{ msg: `the key set ${jwks} cannot be had` }]);
});
