/** A hub of a cluster, behind a proxy: README.md explains what is set here, and why. */
import { defineConfig } from '../config/index.ts';
import chat from '../plugins/chat/index.ts';
import cityio from '../plugins/cityio/index.ts';
import irrigation from '../plugins/irrigation/index.ts';
import redis from '../plugins/redis/index.ts';
import topics from '../plugins/topics/index.ts';
import users from '../plugins/users/index.ts';
import walkers from '../plugins/walkers/index.ts';

const { REDIS_URL } = process.env;
if (!REDIS_URL) throw new Error('REDIS_URL must say where Redis is: redis://:password@host:6379');

export default defineConfig({
  host: '0.0.0.0',
  // The proxy; without one, 0.
  trustedProxies: 1,
  limits: {
    // Longer than the proxy takes to notice: two of its looks.
    noticeMs: 5_000,
    reconnectMs: 20_000,
  },
  plugins: [
    redis({ url: REDIS_URL }),
    cityio(),
    users(),
    topics(),
    chat({ claims: { name: ['name', 'email'] } }),
    irrigation(),
    // For each hub process; several share a machine.
    walkers({ processes: 1 }),
  ],
});
