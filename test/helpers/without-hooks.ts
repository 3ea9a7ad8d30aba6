/**
 * Loaded before every test file, see .taprc. tap follows each promise and callback of a process with a hook, to know of which test an
 * error that nobody catches is: that is a tenth of the work of tests with hubs, and four fifths of that of those with many promises.
 * Without it such an error still fails the file; it is told of the file, not of one of its tests.
 */
import hooks from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';

const { createHook } = hooks;
hooks.createHook = () => createHook({});
syncBuiltinESMExports();
