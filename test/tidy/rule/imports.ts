import { posix } from 'node:path';
import { isTest, isTypeScript, lineAt, type ProjectFile, type Rule } from '../project-file.ts';

/** Folders of `src`, and which others each may import; the table of ARCHITECTURE.md. A folder inside a folder has a row of its own where it is stricter. */
export const FOLDER_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  config: ['base', 'database/limits.ts'],
  // What a payload is is said where records are said.
  index: ['base', 'storage/point-record.ts'],
  storage: ['base', 'index'],
  sharding: ['base', 'storage', 'index'],
  worker: ['base', 'index', 'storage', 'sharding', 'raft/core', 'raft/host', 'raft/log'],
  cluster: ['base', 'index', 'storage', 'sharding', 'worker', 'raft'],
  database: ['base', 'index', 'storage', 'sharding', 'worker', 'cluster'],
  client: ['base', 'index/filter'],
  observability: ['base'],
  'raft/core': ['base'],
  'raft/log': ['base', 'raft/core'],
  'raft/transport': ['base', 'raft/core', 'raft/log/log-storage.ts'],
  'raft/host': ['base', 'raft/core', 'raft/log', 'raft/transport'],
  api: ['base', 'database', 'config', 'observability', 'index', 'storage'],
};

/** Packages that only a few places may know, so that each can be replaced. */
export const PACKAGE_PLACES: Readonly<Record<string, RegExp>> = {
  fastify: /^src\/api\/http\//,
  '@fastify/swagger': /^src\/api\/http\//,
  '@fastify/swagger-ui': /^src\/api\/http\//,
  '@grpc/grpc-js': /^src\/(api\/grpc|client)\//,
  '@grpc/proto-loader': /^src\/(api\/grpc|client)\//,
  '@grpc/reflection': /^src\/api\/grpc\//,
  'grpc-health-check': /^src\/api\/grpc\//,
  'prom-client': /^src\/observability\//,
  pino: /^src\/observability\//,
  'pino-pretty': /^src\/observability\//,
  'classic-level': /^src\/storage\/level-store\.ts$/,
  msgpackr: /^src\/(storage|sharding|cluster\/\w+)\/[\w-]+\.ts$/,
  'hnswlib-node': /^src\/index\/engine\/none-engine\.ts$/,
  usearch: /^src\/index\/engine\/usearch-graph\.ts$/,
  '@iarna/toml': /^src\/config\//,
  commander: /^src\/cli\//,
};

const IMPORT = /^(?:import|export)\s[^;]*?from '([^']+)'|\bimport\('([^']+)'\)/gms;

interface Import {
  readonly specifier: string;
  readonly line: number;
}

function importsOf({ text }: ProjectFile): readonly Import[] {
  return [...text.matchAll(IMPORT)].map((match) => ({
    specifier: match[1] ?? match[2] ?? '',
    line: lineAt(text, match.index),
  }));
}

/** Imports against the direction of the table. */
export const importDirection: Rule = (file) => {
  const [, outer = '', inner = ''] = /^src\/([\w-]+)\/(?:([\w-]+)\/)?/.exec(file.path) ?? [];
  const folder = [`${outer}/${inner}`, outer].find((name) => name in FOLDER_IMPORTS);
  const allowed = folder === undefined ? undefined : FOLDER_IMPORTS[folder];
  if (folder === undefined || allowed === undefined || !isTypeScript(file) || isTest(file)) {
    return [];
  }
  return importsOf(file).flatMap(({ specifier, line }) => {
    if (!specifier.startsWith('.')) return [];
    const target = posix.join(posix.dirname(file.path), specifier);
    const inside = target.replace(/^src\//, '');
    const fits = [folder, ...allowed].some(
      (each) => inside === each || inside.startsWith(`${each}/`),
    );
    return target.startsWith('src/') && fits
      ? []
      : [`${file.path}:${line}: ${folder} may not import ${specifier}`];
  });
};

/** Packages outside their place. */
export const packagePlaces: Rule = (file) => {
  if (!file.path.startsWith('src/') || !isTypeScript(file) || isTest(file)) return [];
  return importsOf(file).flatMap(({ specifier, line }) => {
    const place = PACKAGE_PLACES[specifier];
    return place === undefined || place.test(file.path)
      ? []
      : [`${file.path}:${line}: ${specifier} is imported in ${place.source} only`];
  });
};
