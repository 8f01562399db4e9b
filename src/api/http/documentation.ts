import { fastifySwagger } from '@fastify/swagger';
import fastifySwaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { errorAnswer } from '../schemas/node-schemas.ts';
import { documented } from '../schemas/schema-nodes.ts';

const TAGS = [
  { name: 'points', description: 'Points: an id, vectors, a payload.' },
  { name: 'search', description: 'The nearest points.' },
  { name: 'collections', description: 'Collections, payload indexes, aliases.' },
  { name: 'cluster', description: 'The nodes and what each of them has.' },
  { name: 'node', description: 'The node itself.' },
];

/** Adds the OpenAPI document at `/openapi.json` and a page to browse it at `/docs`; before the routes that they are about. */
export async function addDocumentation(
  app: FastifyInstance,
  { version }: { readonly version: string },
): Promise<void> {
  app.addSchema(errorAnswer);
  await app.register(fastifySwagger, {
    refResolver: { buildLocalReference: ({ $id }) => $id as string },
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Grape REST API',
        version,
        description:
          'Vectors with payloads, and the nearest ones. Bodies are JSON in UTF-8, read strictly: an unknown field is an error that names it.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: TAGS,
      components: {
        securitySchemes: {
          apiKey: { type: 'apiKey', in: 'header', name: 'api-key' },
          bearer: { type: 'http', scheme: 'bearer' },
        },
      },
      security: [{ apiKey: [] }, { bearer: [] }],
    } as object,
    transform: ({ schema, url }) => ({ schema: documented(schema) as typeof schema, url }),
  });
  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(JSON.stringify(app.swagger())),
  );
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    theme: { title: 'Grape REST API' },
  });
}
