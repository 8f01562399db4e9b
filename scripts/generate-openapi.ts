import { createHttpServer } from '../src/api/http/http-server.ts';
import { systemClock } from '../src/base/clock.ts';
import { DEFAULT_LIMITS } from '../src/database/limits.ts';
import type { VectorDatabase } from '../src/database/vector-database.ts';
import packageJson from '../package.json' with { type: 'json' };

/** The OpenAPI document of the REST API under the default limits, as it is committed. */
export async function generateOpenapi(): Promise<
  readonly { readonly path: string; readonly content: string }[]
> {
  await using server = await createHttpServer({
    // No route is asked anything but what it looks like.
    database: {} as VectorDatabase,
    limits: DEFAULT_LIMITS,
    defaultCollection: 'default',
    auth: {},
    recorder: { observe: () => undefined },
    log: { error: () => undefined },
    clock: systemClock,
    version: packageJson.version,
    requestTimeoutMs: 60_000,
    connectionsMax: 1,
  });
  await server.app.ready();
  const { body } = await server.app.inject({ url: '/openapi.json' });
  const content = `${JSON.stringify(JSON.parse(body), undefined, 2)}\n`;
  return [{ path: 'docs/openapi.json', content }];
}
