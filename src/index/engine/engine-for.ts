import type { Quantization } from '../collection-schema.ts';
import { binaryEngine } from './binary-engine.ts';
import { float16Engine } from './float16-engine.ts';
import type { GraphEngine } from './graph-engine.ts';
import { int8Engine } from './int8-engine.ts';
import { noneEngine } from './none-engine.ts';

const ENGINES: Readonly<Record<Quantization, GraphEngine>> = {
  binary: binaryEngine,
  int8: int8Engine,
  float16: float16Engine,
  none: noneEngine,
};

/** The engine that a quantization names. */
export function engineFor(quantization: Quantization): GraphEngine {
  return ENGINES[quantization];
}
