import { readFile } from 'node:fs/promises';
import asc from 'assemblyscript/asc';

/** A file that is made from others and committed. */
export interface GeneratedFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly content: string;
}

const SOURCE = new URL('../src/index/kernels/assembly/kernels.ts', import.meta.url);
const TARGET = 'src/index/kernels/kernels.generated.ts';
/** One memory for all threads, which is given. */
const SHARED_MEMORY = [
  ...['--importMemory', '--sharedMemory'],
  ...['--initialMemory', '1', '--maximumMemory', '65536'],
];
const SCAN_SOURCE = new URL('../src/api/json/assembly/number-scan.ts', import.meta.url);
const SCAN_TARGET = 'src/api/json/number-scan.generated.ts';

/** Compiles the vector kernels: one module with relaxed SIMD, one without for machines that do not know it. */
export async function generateKernels(): Promise<GeneratedFile[]> {
  const source = await readFile(SOURCE, 'utf8');
  const relaxed = await compile(source, [
    '--enable',
    'simd,relaxed-simd,threads',
    ...SHARED_MEMORY,
  ]);
  const plain = await compile(source, ['--enable', 'simd,threads', ...SHARED_MEMORY]);
  const content = [
    '// Made by scripts/generate-kernels.ts from assembly/kernels.ts; do not edit.',
    '',
    '/** The kernels as WebAssembly with relaxed SIMD, base64. */',
    ...constant('RELAXED_KERNELS', relaxed),
    '',
    '/** The same without relaxed SIMD. */',
    ...constant('PLAIN_KERNELS', plain),
    '',
  ].join('\n');
  return [{ path: TARGET, content }];
}

/** Compiles the scan of numbers in JSON. */
export async function generateNumberScan(): Promise<GeneratedFile[]> {
  const source = await readFile(SCAN_SOURCE, 'utf8');
  const content = [
    '// Made by scripts/generate-kernels.ts from assembly/number-scan.ts; do not edit.',
    '',
    '/** WebAssembly, base64. */',
    ...constant('NUMBER_SCAN', await compile(source, ['--initialMemory', '2'])),
    '',
  ].join('\n');
  return [{ path: SCAN_TARGET, content }];
}

function constant(name: string, base64: string): string[] {
  return [`export const ${name} =`, `  '${base64}';`];
}

async function compile(source: string, options: readonly string[]): Promise<string> {
  let binary: Uint8Array | undefined;
  let messages = '';
  const { error } = await asc.main(
    [
      'kernels.ts',
      ...['--outFile', 'kernels.wasm', '-O3', '--noAssert', '--runtime', 'stub'],
      ...options,
    ],
    {
      readFile: (name) => (name === 'kernels.ts' ? source : null),
      writeFile: (_name, contents) => {
        if (typeof contents !== 'string') binary = contents;
      },
      listFiles: () => [],
      stderr: {
        write: (text: string | Uint8Array) => {
          messages += text.toString();
        },
      },
    },
  );
  if (error !== null || binary === undefined) {
    throw new Error(`the kernels do not compile: ${messages}`, { cause: error });
  }
  return Buffer.from(binary).toString('base64');
}
