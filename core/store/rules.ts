/** What is the same in every store driver: for those that plugins bring. */
export {
  checkFence,
  checkHash,
  checkId,
  checkName,
  checkSequence,
  compareIds,
  idBounds,
  logBounds,
} from './ids.ts';
export { checkSynchronous, conditionText, decode, encode } from './values.ts';
