import { PLAIN_KERNELS, RELAXED_KERNELS } from './kernels.generated.ts';

/**
 * The inner loops over one memory. Addresses are bytes in that memory, 16-byte aligned where they hold vectors; `width` is a row's numbers
 * with its padding, a multiple of 16. What each does is written at its source, `assembly/kernels.ts`. Nothing is checked.
 */
export interface Kernels {
  dotSlots(...args: SlotsArguments): void;
  euclidSlots(...args: SlotsArguments): void;
  manhattanSlots(...args: SlotsArguments): void;
  dotRange(...args: RangeArguments): void;
  euclidRange(...args: RangeArguments): void;
  manhattanRange(...args: RangeArguments): void;
  encodeRow(row: number, width: number, codes: number, meta: number): void;
  encodeQuery(query: number, width: number, codes: number): number;
  scanCodes(
    codes: number,
    meta: number,
    count: number,
    query: number,
    width: number,
    queryStep: number,
    euclid: 0 | 1,
    out: number,
  ): void;
  rotate(rows: number, count: number, size: number, signs: number): void;
}

type SlotsArguments = [
  rows: number,
  slots: number,
  count: number,
  query: number,
  width: number,
  out: number,
];
type RangeArguments = [rows: number, count: number, query: number, width: number, out: number];

/** Bytes of one page of a WebAssembly memory. */
export const PAGE_BYTES = 65_536;

const relaxedBytes = Buffer.from(RELAXED_KERNELS, 'base64');
const relaxedModule = WebAssembly.validate(relaxedBytes)
  ? new WebAssembly.Module(relaxedBytes)
  : undefined;
const plainModule = new WebAssembly.Module(Buffer.from(PLAIN_KERNELS, 'base64'));

/** The kernels over `memory`, for the calling thread; `plain` leaves relaxed SIMD out even where the machine has it. */
export function kernelsOver(
  memory: WebAssembly.Memory,
  variant: 'fastest' | 'plain' = 'fastest',
): Kernels {
  const module = variant === 'plain' ? plainModule : (relaxedModule ?? plainModule);
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}
