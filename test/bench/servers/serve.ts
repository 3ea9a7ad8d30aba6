/** What every benchmark server does besides serving. */
import { uws } from '../../../core/transport/uws.ts';

/** Tells the harness where the server listens, and from then on how much memory it uses whenever it asks. */
export function announce(port: number): void {
  process.stdout.write(`${JSON.stringify({ port })}\n`);
  process.on('message', async () => {
    // Objects with finalizers need more than one collection, and a turn of the event loop in between.
    for (let i = 0; i < 3; i++) {
      globalThis.gc?.();
      await new Promise(setImmediate);
    }
    process.send?.(process.memoryUsage());
  });
  process.on('disconnect', () => process.exit());
}

/** Where to listen: the harness names a port only where it measures the start, under the hub's own name. */
export const requestedPort = Number(process.env.HUB_PORT ?? 0);

export function serveUws(app: ReturnType<typeof uws.App>): void {
  app.listen('127.0.0.1', requestedPort, (socket) => {
    if (socket === false) throw new Error('uWebSockets.js did not listen');
    announce(uws.us_socket_local_port(socket));
  });
}
