import type { Test } from 'tap';
import WebSocket from 'ws';

/** Tries to connect. @returns how the upgrade was refused. @throws Error when it was not. */
export async function refusedUpgrade(
  t: Test,
  hub: { readonly port: number },
  path: string,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number; readonly text: string }> {
  const socket = new WebSocket(`ws://127.0.0.1:${hub.port}${path}`, { headers });
  t.teardown(() => socket.terminate());
  socket.on('error', () => {});
  return new Promise((resolve, reject) => {
    socket.once('open', () => reject(new Error(`the upgrade of ${path} was not refused`)));
    socket.once('unexpected-response', async (_request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ status: response.statusCode ?? 0, text: String(Buffer.concat(chunks)) });
    });
  });
}
