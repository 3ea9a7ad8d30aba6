import { defineConfig } from './config/index.ts';
import chat from './plugins/chat/index.ts';
import cityio from './plugins/cityio/index.ts';
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
    // Scripts in walkers/ become events, loaded again whenever one is saved.
    walkers(),
  ],
});
