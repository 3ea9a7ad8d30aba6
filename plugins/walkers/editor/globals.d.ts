/** What walkers find besides the language itself. Only for their editor: elsewhere these names mean something else. */

interface WalkerConsole {
  /** Each line goes to the walker's log. What is no text is shown as JSON. */
  log(...values: readonly unknown[]): void;
  debug(...values: readonly unknown[]): void;
  info(...values: readonly unknown[]): void;
  warn(...values: readonly unknown[]): void;
  error(...values: readonly unknown[]): void;
  /** As `debug`. */
  trace(...values: readonly unknown[]): void;
}
declare const console: WalkerConsole;
