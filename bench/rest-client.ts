import { Agent, request } from 'node:http';

import { filterToJson } from '../src/index/filter/filter-json.ts';
import type { BenchPoint, NodeClient, SearchOptions } from './node-client.ts';

/** How numbers are written in JSON: `double` as JavaScript and Python write a float32 that became a double; `single` with as many digits as tell it apart. */
export type Digits = 'double' | 'single';

class IdledOut extends Error {}

/** Callers of the REST interface, each on a connection that stays open. */
export class RestClient implements NodeClient, Disposable {
  readonly api = 'rest';
  readonly #url: string;
  readonly #agent: Agent;
  readonly #digits: Digits;

  constructor(url: string, connections: number, digits: Digits = 'double') {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
    this.#digits = digits;
  }

  /** @returns the answer as it was parsed @throws what the server answered, where that is an error */
  async call(method: string, path: string, body?: string): Promise<unknown> {
    return JSON.parse(await this.send(method, path, body)) as unknown;
  }

  async search(query: Float32Array, options: SearchOptions): Promise<readonly number[]> {
    const answer = await this.send('POST', '/vectors/search', this.searchBody(query, options));
    const { results } = JSON.parse(answer) as { readonly results: readonly { id: number }[] };
    return results.map(({ id }) => id);
  }

  async upsert(collection: string, points: readonly BenchPoint[]): Promise<void> {
    await this.send('POST', '/vectors', this.upsertBody(collection, points));
  }

  /** The text of a search, to be sent by {@link send}. */
  searchBody(query: Float32Array, options: SearchOptions): string {
    const { collection, limit, ef, exact, filter, payload = false, explain, consistency } = options;
    const rest = {
      collection,
      limit,
      ...(ef === undefined ? {} : { ef }),
      ...(exact === undefined ? {} : { exact }),
      ...(filter === undefined ? {} : { filter: filterToJson(filter) }),
      with_payload: payload,
      ...(explain === undefined ? {} : { explain }),
      ...(consistency === undefined ? {} : { consistency }),
    };
    return `{"vector":[${this.#numbers(query)}],${JSON.stringify(rest).slice(1)}`;
  }

  /** The text of a write, to be sent by {@link send}. */
  upsertBody(collection: string, points: readonly BenchPoint[]): string {
    const texts = points.map(({ id, vector, payload }) => {
      const more = payload === undefined ? '' : `,"payload":${payload}`;
      return `{"id":${id},"vector":[${this.#numbers(vector)}]${more}}`;
    });
    return `{"collection":${JSON.stringify(collection)},"points":[${texts.join(',')}]}`;
  }

  /** @returns the text of the answer @throws what the server answered, where that is an error */
  async send(method: string, path: string, body?: string): Promise<string> {
    try {
      return await this.#sendOnce(method, path, body);
    } catch (error) {
      // While this process was busy with something else, the server closed a connection that had long been idle.
      if (!(error instanceof IdledOut)) throw error;
      return this.#sendOnce(method, path, body);
    }
  }

  #sendOnce(method: string, path: string, body?: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers: Record<string, string | number> = {};
      if (body !== undefined) {
        headers['content-type'] = 'application/json';
        headers['content-length'] = Buffer.byteLength(body);
      }
      const sent = request(
        `${this.#url}${path}`,
        { method, agent: this.#agent, headers },
        (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(parts).toString('utf8');
            if ((response.statusCode ?? 500) < 400) resolve(text);
            else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
          });
        },
      );
      sent.on('error', (error) => {
        const hasIdledOut = sent.reusedSocket && error.message === 'socket hang up';
        reject(hasIdledOut ? new IdledOut(error.message) : error);
      });
      sent.end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #numbers(vector: Float32Array): string {
    if (this.#digits === 'double') return vector.join(',');
    return Array.from(vector, shortest).join(',');
  }
}

/** As few digits as are read back as the same float32. */
function shortest(value: number): string {
  const short = Number(value.toPrecision(8));
  return String(Math.fround(short) === value ? short : Number(value.toPrecision(9)));
}
