import { nodeAnswers } from '../../schemas/node-schemas.ts';
import { json, operation } from '../operation.ts';
import type { Operation } from '../operation.ts';

const tag = 'node';

/** Operations that tell how the node is. */
export function nodeState(): readonly Operation[] {
  return [
    operation({
      id: 'health',
      method: 'GET',
      url: '/health',
      access: 'open',
      tag,
      summary: 'Whether the node can serve, and if not why',
      answers: { 200: nodeAnswers.health, 503: nodeAnswers.health },
      async handle(_request, { database }) {
        const { ready, reasons, writable, collections, points } = await database.status();
        if (!ready) return json({ status: 'unavailable', reasons }, 503);
        return json({ status: 'ok', reasons, writable, collections, points });
      },
    }),
    operation({
      id: 'live',
      method: 'GET',
      url: '/livez',
      access: 'open',
      tag,
      summary: 'Whether the process runs',
      answers: { 200: nodeAnswers.live },
      handle() {
        return Promise.resolve(json({ status: 'ok' }));
      },
    }),
    operation({
      id: 'ready',
      method: 'GET',
      url: '/readyz',
      access: 'open',
      tag,
      summary: 'Whether the node takes requests',
      answers: { 200: nodeAnswers.health, 503: nodeAnswers.health },
      async handle(_request, { database }) {
        const { ready, reasons } = await database.status();
        return json({ status: ready ? 'ok' : 'unavailable', reasons }, ready ? 200 : 503);
      },
    }),
    operation({
      id: 'info',
      method: 'GET',
      url: '/info',
      access: 'read',
      tag,
      summary: 'What the node is and holds',
      answers: { 200: nodeAnswers.info },
      async handle(_request, { database, version }) {
        const { ready, reasons, writable, collections, points } = await database.status();
        return json({ name: 'grape', version, ready, writable, reasons, collections, points });
      },
    }),
  ];
}
