/** For `hub.config.ts`. */
import type { UserConfig } from './schema.ts';

export type { UserConfig } from './schema.ts';

/** Gives the configuration its type: editors then complete it. */
export function defineConfig(config: UserConfig): UserConfig {
  return config;
}
