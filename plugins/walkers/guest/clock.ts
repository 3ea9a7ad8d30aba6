/** The clock of walkers: a rehearsal may set it. */
import { fixedTime } from './run.ts';

/** Puts a `Date` in the place of the language's that knows of it. Before the realm is closed. */
export function setClock(): void {
  const realNow = Date.now;
  const now = () => fixedTime() ?? realNow();
  Date.now = now;
  const clock = new Proxy(Date, {
    apply: () => new Date(now()).toString(),
    construct: (target, given, made) => Reflect.construct(target, given.length === 0 ? [now()] : given, made),
  });
  Date.prototype.constructor = clock;
  Object.defineProperty(globalThis, 'Date', { value: clock, enumerable: false });
}
