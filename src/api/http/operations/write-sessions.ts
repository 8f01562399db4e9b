import { Type } from 'typebox';
import { pointAnswers } from '../../schemas/point-schemas.ts';
import { json, operation } from '../operation.ts';
import type { Operation } from '../operation.ts';

/** Operations on the sessions of clients, whose writes may be sent again. */
export function writeSessions(): readonly Operation[] {
  return [
    operation({
      id: 'openSession',
      method: 'POST',
      url: '/sessions',
      access: 'write',
      tag: 'points',
      summary: 'Open a session, by which a write can be sent again and is applied once',
      description:
        'It lasts while it is among those used most lately; a write with one that is forgotten ends with SESSION_EXPIRED.',
      body: Type.Object({}, { additionalProperties: false }),
      bodyOptional: true,
      answers: { 201: pointAnswers.session },
      async handle({ signal }, { database }) {
        return json({ session: await database.openSession(signal) }, 201);
      },
    }),
  ];
}
