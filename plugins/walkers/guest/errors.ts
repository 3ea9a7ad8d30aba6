/** Errors that the library throws, where it matters which one it is. */

/** A limit was exceeded. The run fails even when the walker catches this. */
export class LimitError extends Error {
  static {
    LimitError.prototype.name = 'LimitError';
  }
}

/** The user lacks the access level for it. A walker that catches this goes on. */
export class AccessError extends Error {
  static {
    AccessError.prototype.name = 'AccessError';
  }
}

/** A function that a plugin offers was not called, or refused. A walker that catches this goes on. */
export class CallError extends Error {
  static {
    CallError.prototype.name = 'CallError';
  }
}

/** A walker that catches an error has its class, too: closed with the realm. */
export const ERROR_CLASSES: readonly object[] = [LimitError, AccessError, CallError];
