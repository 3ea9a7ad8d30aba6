/** The hub with the plugin chat, its store on disk. */
import chat from '../../../plugins/chat/index.ts';
import { CHAT_SECRET } from '../wire.ts';
import { startBenchHub } from './hub-start.ts';

await startBenchHub([chat()], { identity: { secret: CHAT_SECRET } });
