/** What is the same in every store driver: for those that plugins bring. */
export { checkHash, checkId, checkName, checkSequence, idBounds, logBounds } from './ids.ts';
export { checkSynchronous, decode, encode } from './values.ts';
