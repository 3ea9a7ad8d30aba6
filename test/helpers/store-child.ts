/**
 * A process of its own on a store: `store-child.ts <module with open()> <folder> <what to do>`. Prints one line for
 * each write, after its promise resolved.
 */
import { writeSync } from 'node:fs';
import type { Store } from '../../core/store/port.ts';

const [module = '', folder = '', task = ''] = process.argv.slice(2);
const { open }: { open(folder: string): Promise<Store> | Store } = await import(module);
const store = await open(folder);

function say(...words: unknown[]): void {
  for (;;) {
    try {
      writeSync(1, `${words.join(' ')}\n`);
      return;
    } catch (error) {
      // The pipe is full: whoever reads it is slower than the store.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
  }
}

/** Writes of every kind, many at a time, until it is killed. */
async function storm(): Promise<void> {
  const documents = store.collection<number>('storm/documents');
  const counter = store.collection<number>('storm/counter');
  const log = store.log<string>('storm/log');
  const blobs = store.blobs('storm/blobs');
  const writer = async (name: string) => {
    for (let i = 0; ; i++) {
      const id = `${name}-${i}`;
      await Promise.all([
        documents.put(id, i).then(() => say('put', id)),
        documents
          .batch([
            { put: `${id}-left`, value: i },
            { put: `${id}-right`, value: i },
          ])
          .then(() => say('batch', id)),
        counter.update('count', (count = 0) => count + 1).then((count) => say('count', count)),
        log.append(name, id).then((sequence) => say('append', name, sequence, id)),
        blobs.put(`blob ${id}`).then((hash) => say('blob', hash)),
      ]);
    }
  };
  await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(writer));
}

/** 500 increments of one counter, several at a time. */
async function count(): Promise<void> {
  const counter = store.collection<number>('count');
  for (let i = 0; i < 100; i++) {
    await Promise.all(Array.from({ length: 5 }, () => counter.update('count', (count = 0) => count + 1)));
  }
  await store.close();
}

/** Large documents until one cannot be written, then one that can. */
async function fill(): Promise<void> {
  const documents = store.collection<string>('fill');
  try {
    for (let i = 0; ; i++) {
      await documents.put(`large-${i}`, 'x'.repeat(100_000));
      say('put', `large-${i}`);
    }
  } catch (error) {
    say('error', error instanceof Error ? error.message : error);
  }
  await documents.put('small', 'x').then(() => say('put', 'small'));
}

/** A read in the thread of long reads is all that this waits for, and it never closes the store. */
async function read(): Promise<void> {
  const ids = await store.collection('many').ids();
  say('ids', ids.length);
}

const tasks: Record<string, () => Promise<void>> = { storm, count, fill, read };
await tasks[task]?.();
