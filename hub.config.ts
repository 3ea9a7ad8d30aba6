import { defineConfig } from './config/index.ts';
import chat from './plugins/chat/index.ts';
import cityio from './plugins/cityio/index.ts';
import irrigation from './plugins/irrigation/index.ts';
import topics from './plugins/topics/index.ts';
import users from './plugins/users/index.ts';
import walkers from './plugins/walkers/index.ts';

// Every setting has a default: core/README.md lists them, and each plugin's README its options.
export default defineConfig({
  plugins: [
    // A table `kendall` to start with; it is made only while the store is empty.
    cityio({ demo: true }),
    users(),
    topics(),
    // Tokens of the plugin `users` have no name: its users are known in rooms by their addresses.
    chat({ claims: { name: ['name', 'email'] } }),
    // Controllers of a field report at the WebSocket `/`. `npm run demo` simulates one, whose raw readings are tenths,
    // and whose weather is 60 times as fast as ours: what is possible in a minute is set for that.
    irrigation({
      sensors: {
        temperature: {
          unit: '°C',
          scale: 0.1,
          offset: 0,
          interval: 90,
          min: -40,
          max: 60,
          maxPerMinute: 120,
        },
        humidity: { unit: '%', scale: 0.1, offset: 0, interval: 90, min: 0, max: 101 },
        soil_moisture: { unit: '%', scale: 0.1, offset: 0, interval: 90, min: 0, max: 60, maxPerMinute: 120 },
        rain: { unit: 'mm/h', scale: 0.1, offset: 0, interval: 90, min: 0, max: 200 },
      },
    }),
    // Scripts in walkers/ become events, loaded again whenever one is saved.
    walkers(),
  ],
});
