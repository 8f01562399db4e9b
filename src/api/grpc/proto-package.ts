import { fileURLToPath } from 'node:url';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';

/** Holds grape.proto in a checkout and in the published package alike: this file lies three folders below the root in both. */
const INCLUDE_DIR = fileURLToPath(new URL('../../../proto', import.meta.url));
const PROTO_FILE = 'grape/v1/grape.proto';

/** The services and messages of grape.proto: field names in camel case, 64-bit integers as decimal text, enums as names. */
export function loadProtoPackage(): PackageDefinition {
  return loadSync(PROTO_FILE, {
    includeDirs: [INCLUDE_DIR],
    longs: String,
    enums: String,
    oneofs: true,
  });
}

/** The same with the names as they stand in the file, for reflection. */
export function loadProtoPackageForReflection(): PackageDefinition {
  return loadSync(PROTO_FILE, { includeDirs: [INCLUDE_DIR], keepCase: true });
}
