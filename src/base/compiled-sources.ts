import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * In a checkout, has Node keep what it makes of the sources, for this process's threads as well: to strip the types of all files anew would be most of a
 * start. A package has none to strip. Where the folder cannot be written, nothing is kept; `NODE_COMPILE_CACHE` names another one.
 */
export function keepCompiledSources(): void {
  if (!import.meta.url.endsWith('.ts')) return;
  const checkout = new URL('../../node_modules/.cache/grape-sources', import.meta.url);
  // Threads take it from the environment.
  process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(checkout);
  enableCompileCache(process.env['NODE_COMPILE_CACHE']);
}
