import { test } from 'tap';
import { attackWith } from './hostile/attacks.ts';
import { ESCAPES } from './hostile/escapes.ts';

test('attempts to get out end as stated, and nothing else notices', (t) => attackWith(t, ESCAPES));
