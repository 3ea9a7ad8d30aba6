/** Hands uWS' requests to Fastify's router. */

import type { EventEmitter } from 'node:events';
import { type IncomingMessage, Server, type ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { HttpLoad } from './http-load.ts';
import { BridgedRequest } from './http-request.ts';
import { BridgedResponse } from './http-response.ts';
import { BridgedSocket } from './http-socket.ts';
import type { HttpRequest, HttpResponse } from './uws.ts';

export interface BridgeOptions {
  /** Bytes of a request body after which the rest is thrown away, whatever a route or its parser allows: 413. */
  readonly maxBodyBytes: number;
  /** Told of exchanges that are not over at once. */
  readonly load?: HttpLoad;
  /** Told of an error that left Fastify's router; the request is answered with 500. */
  readonly failed: (error: unknown) => void;
}

/**
 * What uWS' `any('/*', …)` calls so that the routes of `app` answer. `app` must be ready.
 */
export function bridge(
  app: FastifyInstance,
  { maxBodyBytes, load, failed }: BridgeOptions,
): (uws: HttpResponse, head: HttpRequest) => void {
  return (uws, head) => {
    const socket = new BridgedSocket(uws);
    const request = new BridgedRequest(socket, head, maxBodyBytes);
    const response = new BridgedResponse(socket, request);
    socket.serve(request, response);
    if (request.announced > 0) {
      prime(uws);
      uws.onData((bytes, last) => {
        socket.corked = true;
        request.receive(bytes, last);
        socket.corked = false;
      });
    }
    // They are the parts of node's objects that are used with Fastify, not all of them.
    const incoming: Readable = request;
    const outgoing: EventEmitter = response;
    socket.corked = true;
    try {
      app.routing(incoming as IncomingMessage, outgoing as ServerResponse);
    } catch (error) {
      failed(error);
      fail(response);
    }
    socket.corked = false;
    // uWS' object is of no use any more when the answer was given at once.
    if (socket.uws !== undefined) {
      socket.underWay = load?.begin();
      uws.onAborted(() => socket.gone());
    }
  };
}

let isPrimed = false;

/**
 * What `resume` makes uWS watch for is what the last connection watched for when it was paused, whichever that was,
 * and nothing at all when none had been paused yet that had no unsent bytes. This makes one such.
 */
function prime(uws: HttpResponse): void {
  if (isPrimed) return;
  isPrimed = true;
  uws.pause();
  uws.resume();
}

function fail(response: BridgedResponse): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(500).end();
}

/** For Fastify's option `serverFactory`: the server that it wants to have, and that never listens. */
export function detachedServer(): Server {
  return new DetachedServer();
}

class DetachedServer extends Server {
  override listen(): this {
    throw new Error('routes are served on the ports of the hub: an own server cannot listen');
  }
}
