/** One of the three hubs of `npm run cluster`: what deploy/hub.config.ts has, for trying it on one machine. */
import { defineConfig } from '../config/index.ts';
import chat from '../plugins/chat/index.ts';
import cityio from '../plugins/cityio/index.ts';
import irrigation from '../plugins/irrigation/index.ts';
import redis from '../plugins/redis/index.ts';
import topics from '../plugins/topics/index.ts';
import users from '../plugins/users/index.ts';
import walkers from '../plugins/walkers/index.ts';

const { REDIS_URL } = process.env;
if (!REDIS_URL) throw new Error('REDIS_URL must say where Redis is; `npm run cluster` sets it');

export default defineConfig({
  // Who ends a try does not want to wait for clients to be parted gently.
  limits: { reconnectMs: 0 },
  plugins: [
    // What an installation has in the same Redis stays its own.
    redis({ url: REDIS_URL, prefix: 'wayhub-try' }),
    cityio({ demo: true }),
    users(),
    topics(),
    chat({ claims: { name: ['name', 'email'] } }),
    irrigation(),
    walkers({ processes: 1 }),
  ],
});
