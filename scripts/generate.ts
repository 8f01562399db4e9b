import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type GeneratedFile, generateDocuments } from './generate-documents.ts';
import { generateGrpcTypes } from './generate-grpc-types.ts';
import { generateKernels, generateNumberScan } from './generate-kernels.ts';
import { generateOpenapi } from './generate-openapi.ts';

/** Everything that is made from something else and committed. */
const GENERATORS: readonly (() => Promise<readonly GeneratedFile[]>)[] = [
  generateDocuments,
  generateGrpcTypes,
  generateKernels,
  generateNumberScan,
  generateOpenapi,
];

const root = fileURLToPath(new URL('..', import.meta.url));
const check = process.argv.includes('--check');
let stale = 0;

for (const generate of GENERATORS) {
  for (const { path, content } of await generate()) {
    const present = await readFile(`${root}${path}`, 'utf8').catch(() => undefined);
    if (present === content) continue;
    stale += 1;
    if (check) {
      console.error(`${path} is not what its sources make of it: run npm run generate`);
    } else {
      await mkdir(dirname(`${root}${path}`), { recursive: true });
      await writeFile(`${root}${path}`, content);
      console.log(`${path} written`);
    }
  }
}
if (check && stale > 0) process.exitCode = 1;
