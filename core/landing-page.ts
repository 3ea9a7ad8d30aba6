/** The page at `/`: what runs here and where. */
import type { EndpointTable } from './paths.ts';
import type { PluginRecord } from './registry.ts';

/** Plain HTML without scripts, so that it works in every browser and under any content security policy. */
export function landingPage(plugins: readonly PluginRecord[], endpoints: EndpointTable): string {
  const sections = plugins.map((plugin) => pluginSection(plugin, endpoints)).join('');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>wayhub</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #1d2733; }
  h1 { margin-bottom: 0; } h2 { margin-top: 2rem; border-bottom: 1px solid #d5dce3; }
  code { background: #eef2f5; padding: .1rem .3rem; border-radius: .25rem; overflow-wrap: anywhere; }
  table { border-collapse: collapse; width: 100%; } td { padding: .2rem .6rem .2rem 0; vertical-align: top; }
  td:first-child { white-space: nowrap; } ul { margin: 0; padding-left: 1.2rem; }
  @media (prefers-color-scheme: dark) { body { background: #12181f; color: #d8e0e8; } code { background: #1f2933; } a { color: #7db7ff; } }
</style>
<h1>wayhub</h1>
<p>The hub is running. <a href="/docs">API page</a> · <a href="/openapi.json">OpenAPI</a> and <a href="/asyncapi.json">AsyncAPI</a> documents ·
<a href="/health/ready">health</a></p>
${sections === '' ? '<p>No plugin is enabled: list some in <code>hub.config.ts</code>.</p>' : sections}
</html>
`;
}

function pluginSection(plugin: PluginRecord, endpoints: EndpointTable): string {
  const sockets = [...endpoints].filter((endpoint) => endpoint.plugin === plugin.name);
  const rows = sockets.map(({ paths, options, messages }) => {
    const accepted = [...messages.incoming.keys()].map((type) => code(type)).join(' ');
    return `<tr><td>${paths.map((path) => code(path)).join('<br>')}</td><td>${escapeHtml(options.summary ?? '')} ${accepted}</td></tr>`;
  });
  const routes = plugin.routes.map((route) => `<li>${code(route)}</li>`).join('');
  return `<h2>${escapeHtml(plugin.name)} <small>${escapeHtml(plugin.version)}</small></h2>
${rows.length > 0 ? `<p>WebSocket endpoints and the messages they take:</p><table>${rows.join('')}</table>` : ''}
${routes === '' ? '' : `<details><summary>HTTP routes</summary><ul>${routes}</ul></details>`}`;
}

function code(text: string): string {
  return `<code>${escapeHtml(text)}</code>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
