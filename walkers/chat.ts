/** Sends chat messages: to whoever asks, to a user, to a channel, to a client. */
import { Root, socket, Type, walker } from 'hub:walker';

// Guests may not send: a walker is for logged-in users unless its specs say something else.
const methods = ['websocket', 'post'] as const;
const message = Type.String({ maxLength: 2_000 });
const chat = (text: string) => ({ type: 'chat', data: { message: text } });

export const send_chat_to_self = walker({
  specs: { methods: ['websocket'], summary: 'Sends a chat message back.' },
  has: { message },
}).entry(Root, (w) => socket.notify_self(chat(w.message)));

export const send_chat_to_user = walker({
  specs: { methods, summary: 'Sends a chat message to all clients of a user.' },
  has: { root_id: Type.String(), message },
}).entry(Root, (w) => socket.notify_users([w.root_id], chat(w.message)));

export const send_chat_to_group = walker({
  specs: { methods, summary: 'Sends a chat message to all clients of a channel.' },
  has: { channel_id: Type.String(), message },
}).entry(Root, (w) => socket.notify_channels([w.channel_id], chat(w.message)));

export const send_chat_to_client = walker({
  specs: { methods, summary: 'Sends a chat message to one client.' },
  has: { client_id: Type.String(), message },
}).entry(Root, (w) => socket.notify_clients([w.client_id], chat(w.message)));
