/** Which web pages may talk to the hub. Programs that are not browsers send no `Origin` and are let in. */

/**
 * @param origin the request's `Origin` header, '' when absent.
 * @param host its `Host` header: a page of the hub itself is always let in.
 * @param allowed further origins, exactly as browsers send them, or '*' for every one.
 */
export function isAllowedOrigin(origin: string, host: string, allowed: readonly string[]): boolean {
  if (origin === '' || allowed.includes(origin) || allowed.includes('*')) return true;
  if (!URL.canParse(origin)) return false;
  const { hostname, host: originHost } = new URL(origin);
  return hostname === 'localhost' || hostname === '127.0.0.1' || originHost === host;
}
