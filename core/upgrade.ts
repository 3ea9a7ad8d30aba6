/** The upgrade of an HTTP request to a connection: everything that is decided before there is one. */
import { setImmediate } from 'node:timers/promises';
import type { Connections } from './connections.ts';
import { HubError, messageOf } from './errors.ts';
import type { HookPoints } from './hooks.ts';
import { bearerToken, type Identity, type TokenIdentity } from './identity.ts';
import type { Opening } from './live-connection.ts';
import { isAllowedOrigin } from './origins.ts';
import type { EndpointTable, PathMatch } from './paths.ts';
import type { SocketData } from './transport/server.ts';
import type { HttpRequest, HttpResponse, us_socket_context_t } from './transport/uws.ts';

interface UpgradeRules {
  readonly origins: readonly string[];
  /** Reverse proxies in front of the hub that append to `X-Forwarded-For`. */
  readonly trustedProxies: number;
  readonly connectionsPerAddress: number;
  /** 0: no limit. */
  readonly connections: number;
}

export interface UpgradeContext {
  readonly endpoints: EndpointTable;
  readonly identity: TokenIdentity;
  readonly hooks: HookPoints;
  readonly rules: UpgradeRules;
  readonly connections: Connections;
  readonly isDraining: () => boolean;
}

/** The request's headers uWS needs again to complete the upgrade; the request itself is dead after its callback. */
interface Handshake {
  readonly key: string;
  readonly protocol: string;
  readonly extensions: string;
  readonly context: us_socket_context_t;
}

export function createUpgrade(hub: UpgradeContext) {
  return (res: HttpResponse, req: HttpRequest, context: us_socket_context_t): void => {
    const path = req.getUrl();
    const query = req.getQuery() ?? '';
    const match = hub.endpoints.find(path);
    const address = remoteAddress(res, req, hub.rules.trustedProxies);
    const refusal = refuse(hub, req, match, address, path);
    if (refusal !== undefined || match === undefined) {
      answer(res, refusal?.status ?? '404 Not Found', refusal?.message ?? '');
      return;
    }
    const handshake: Handshake = {
      key: req.getHeader('sec-websocket-key'),
      // A browser that offers sub-protocols takes no answer without one of them.
      protocol: req.getHeader('sec-websocket-protocol').split(',', 1)[0]?.trim() ?? '',
      extensions: req.getHeader('sec-websocket-extensions'),
      context,
    };
    const { endpoint, params } = match;
    const opening = { endpoint, path: stripSlash(path), params, query, address, identity: undefined };
    const inQuery = endpoint.options.tokenInQuery
      ? (new URLSearchParams(query).get('token') ?? undefined)
      : undefined;
    const token = bearerToken(req.getHeader('authorization')) ?? inQuery?.replace(/^Bearer\s+/i, '');
    if (token !== undefined) void authenticate(hub, res, opening, token, handshake);
    else if (endpoint.options.auth === 'required') {
      answer(res, '401 Unauthorized', `${endpoint.name} needs a token`);
    } else complete(res, opening, handshake);
  };
}

function refuse(
  hub: UpgradeContext,
  req: HttpRequest,
  match: PathMatch | undefined,
  address: string,
  path: string,
) {
  if (match === undefined) return { status: '404 Not Found', message: `there is no endpoint ${path}` };
  const origin = req.getHeader('origin');
  if (!isAllowedOrigin(origin, req.getHeader('host'), hub.rules.origins)) {
    return { status: '403 Forbidden', message: `the origin ${origin} is not allowed` };
  }
  return lackOfRoom(hub, address);
}

/** Why one more connection has no place; undefined when it has. */
function lackOfRoom({ rules, connections, isDraining }: UpgradeContext, address: string) {
  if (isDraining()) return { status: '503 Service Unavailable', message: 'the hub is stopping' };
  if (rules.connections > 0 && connections.size >= rules.connections) {
    return {
      status: '503 Service Unavailable',
      message: `${rules.connections} connections are open, which is the limit`,
    };
  }
  if (connections.from(address) >= rules.connectionsPerAddress) {
    const message = `${rules.connectionsPerAddress} connections are open from this address, which is the limit`;
    return { status: '429 Too Many Requests', message };
  }
  return undefined;
}

async function authenticate(
  hub: UpgradeContext,
  res: HttpResponse,
  opening: Opening,
  token: string,
  handshake: Handshake,
): Promise<void> {
  let isGone = false;
  res.onAborted(() => {
    isGone = true;
  });
  let identity: Identity | undefined;
  let error: unknown;
  const { endpoint } = opening;
  const late = Promise.withResolvers<never>();
  const deadline = setTimeout(
    () => late.reject(new HubError('unauthorized', 'the token could not be checked in time')),
    endpoint.limits.handshakeMs,
  );
  try {
    identity = await Promise.race([hub.identity.verify(token, endpoint.name), late.promise]);
  } catch (reason) {
    error = reason;
  } finally {
    clearTimeout(deadline);
  }
  // In a turn of its own: what was waited for may have come in another request, and amid its callback for that one uWS would
  // take this upgrade for the other's, and abort the process.
  await setImmediate();
  if (isGone) return;
  // Others may have come in the meantime.
  const refusal = lackOfRoom(hub, opening.address);
  if (identity === undefined) res.cork(() => answer(res, '401 Unauthorized', messageOf(error)));
  else if (refusal !== undefined) res.cork(() => answer(res, refusal.status, refusal.message));
  else completeLater(hub, res, () => complete(res, { ...opening, identity }, handshake));
}

/**
 * Runs an upgrade after the callback of its request, with its socket not corked: when the upgrade keeps the socket's place in
 * memory, uWS afterwards reads the state of an HTTP response there, finds what the allocator left, takes it by chance for
 * "close after the answer" and cuts the connection (uNetworking/uWebSockets#1929, not yet in our version). Outside of
 * `res.cork` uWS prints a warning for each upgrade; within the cork of another socket `res.cork` runs its callback and
 * corks nothing, so another connection lends its own. Only the first one has none to lend.
 */
function completeLater({ connections }: UpgradeContext, res: HttpResponse, upgrade: () => void): void {
  const lender = connections[Symbol.iterator]().next();
  if (lender.done) upgrade();
  else lender.value.socket.whileCorked(() => res.cork(upgrade));
}

function complete(
  res: HttpResponse,
  opening: Opening,
  { key, protocol, extensions, context }: Handshake,
): void {
  res.upgrade<SocketData>({ opening, connection: undefined }, key, protocol, extensions, context);
}

function answer(res: HttpResponse, status: string, message: string): void {
  res.writeStatus(status).writeHeader('content-type', 'text/plain; charset=utf-8').end(message, true);
}

function stripSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function remoteAddress(res: HttpResponse, req: HttpRequest, trustedProxies: number): string {
  if (trustedProxies > 0) {
    const hops = req.getHeader('x-forwarded-for').split(',');
    const reported = hops[Math.max(0, hops.length - trustedProxies)]?.trim();
    if (reported) return reported;
  }
  const bytes = Buffer.from(res.getRemoteAddress());
  if (bytes.length === 4) return bytes.join('.');
  if (isMappedIpv4(bytes)) return bytes.subarray(12).join('.');
  return Buffer.from(res.getRemoteAddressAsText())
    .toString()
    .replace(/^(?:0000:){7}0001$/, '::1');
}

/** IPv4 as a socket for both families sees it: ::ffff:a.b.c.d. */
function isMappedIpv4(bytes: Buffer): boolean {
  return bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
}
