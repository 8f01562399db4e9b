import { clusteredData } from './clustered-data.ts';
import { ownMicroseconds } from './processor-time.ts';
import { rawGraph, type RawGraph, Rescorer } from './raw-libraries.ts';
import type { RawAnswer, RawRequest, RawStart } from './raw-messages.ts';
import { arenaOf, exactTruth, recallOf, truthOf } from './truth.ts';
import { countOf, smallerSet, vectorOf } from './vector-set.ts';

/** Entry of a process that does nothing but call one library, so that its processor time is the library's. */

const BATCH = 100;

const start = JSON.parse(process.argv[2] ?? '{}') as RawStart;
const set = smallerSet(clusteredData(start.rows), { queries: start.queries });
const truth = exactTruth(set);
const rescorer = new Rescorer(set, arenaOf(set));
let graph: RawGraph = rawGraph(start.kind, set, start.shape);

function build(): number {
  graph = rawGraph(start.kind, set, start.shape);
  const rows = countOf(set, 'rows');
  for (let first = 0; first < rows; first += BATCH) {
    graph.add(set, first, Math.min(rows, first + BATCH));
  }
  return rows;
}

function answer(request: RawRequest): RawAnswer {
  const began = ownMicroseconds();
  const spent = (): number => ownMicroseconds() - began;
  switch (request.kind) {
    case 'build': {
      const count = build();
      return { microseconds: spent(), count, recall: 0 };
    }
    case 'save':
      graph.save(request.path);
      return { microseconds: spent(), count: 0, recall: 0 };
    case 'load':
      graph.load(request.path);
      return { microseconds: spent(), count: 0, recall: 0 };
    case 'search': {
      const count = countOf(set, 'queries');
      const found: number[][] = [];
      for (let query = 0; query < count; query += 1) {
        const vector = vectorOf(set, 'queries', query);
        found.push(rescorer.best(vector, graph.search(vector, request.ef), request.how));
      }
      const microseconds = spent();
      return { microseconds, count, recall: recallOf(found, (query) => truthOf(truth, query)) };
    }
  }
}

process.on('message', (request: RawRequest) => process.send?.(answer(request)));
process.on('disconnect', () => process.exit(0));
