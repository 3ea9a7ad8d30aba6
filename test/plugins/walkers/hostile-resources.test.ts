import { test } from 'tap';
import { attackWith } from './hostile/attacks.ts';
import { RESOURCES } from './hostile/resources.ts';

test('attempts to use up the machine end as stated, and nothing else notices', (t) =>
  attackWith(t, RESOURCES));
