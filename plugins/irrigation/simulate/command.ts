/** `hub irrigation simulate`: a field to try things with. */
import { type Hub, StartError } from '../../../core/index.ts';
import { simulate } from './field.ts';

export function addSimulation(hub: Hub, controllersPath: string): void {
  hub.command({
    name: 'simulate',
    summary: 'simulates a field of controllers that report to a running hub, until it is ended',
    options: {
      '--controllers <number>': 'how many (default: 20)',
      '--speed <number>': 'simulated seconds in one second (default: 60)',
      '--url <url>': 'of the hub (default: ws://localhost:8080)',
      '--seed <number>': 'another seed is another weather (default: 1)',
      '--seconds <number>': 'ends after so many seconds',
    },
    run: async ({ options, print }) => {
      const number = (name: string, otherwise: number, most: number) => {
        const value = Number(options[name] ?? otherwise);
        if (value > 0 && value <= most) return value;
        throw new StartError(`--${name}: expected a number above 0, at most ${most}, found ${options[name]}`);
      };
      const seconds = number('seconds', 1e6, 1e6);
      const url = new URL(controllersPath, String(options.url ?? 'ws://localhost:8080'));
      await simulate({
        url: url.href,
        controllers: number('controllers', 20, 1_000),
        speed: number('speed', 60, 10_000),
        seed: number('seed', 1, 1e9),
        tokenOf: (controller) => hub.identity.sign(`simulated ${controller}`, { controller }),
        say: print,
        signal: AbortSignal.any([hub.signal, AbortSignal.timeout(seconds * 1_000)]),
      });
    },
  });
}
