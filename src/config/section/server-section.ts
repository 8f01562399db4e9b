import { Type } from 'typebox';
import { choiceSetting, integerSetting, textSetting } from './setting-options.ts';

/** Levels of the log, from the most to the least. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const PORT_MAX = 65_535;
const HOUR_MS = 3_600_000;

/** `[server]`: listeners, threads, keys. */
export const SERVER_SECTION = Type.Object(
  {
    host: textSetting({
      default: '',
      description:
        'Address that REST, gRPC and metrics listen on. Empty: `127.0.0.1` when started without a configuration file, else `0.0.0.0`.',
    }),
    restPort: integerSetting(0, PORT_MAX, {
      default: 6333,
      description: 'Port of the REST interface; 0 takes any free one.',
    }),
    grpcPort: integerSetting(0, PORT_MAX, {
      default: 6334,
      description: 'Port of the gRPC interface; 0 takes any free one.',
    }),
    dataDir: textSetting({
      default: 'data',
      description: 'Folder that holds everything; one process at a time.',
    }),
    logLevel: choiceSetting(LOG_LEVELS, { default: 'info', description: 'How much is logged.' }),
    workerThreads: integerSetting(0, 1024, {
      default: 0,
      description: 'Threads that answer searches. 0: one for each core.',
    }),
    apiKey: textSetting({
      default: '',
      secret: true,
      env: 'GRAPE_API_KEY',
      description: 'Key that permits every operation. Empty, with no other key: nobody is asked.',
    }),
    apiKeyFile: textSetting({
      default: '',
      description: 'File that holds `api_key`, in place of it.',
    }),
    readOnlyApiKey: textSetting({
      default: '',
      secret: true,
      description: 'Key that permits reading only; needs `api_key` too.',
    }),
    readOnlyApiKeyFile: textSetting({
      default: '',
      description: 'File that holds `read_only_api_key`, in place of it.',
    }),
    tlsCertPath: textSetting({
      default: '',
      description: 'Certificate chain (PEM) for REST and gRPC; goes with `tls_key_path`.',
    }),
    tlsKeyPath: textSetting({
      default: '',
      description: 'Private key (PEM) of the certificate.',
    }),
    maxConnections: integerSetting(1, 1_000_000, {
      default: 4096,
      description: 'Connections to the REST interface at the same time.',
    }),
    requestTimeoutMs: integerSetting(1, HOUR_MS, {
      default: 30_000,
      description:
        'Milliseconds after which a request that names no deadline is given up; a gRPC stream, when it stands still for so long.',
    }),
    shutdownTimeoutMs: integerSetting(0, HOUR_MS, {
      default: 25_000,
      description:
        'Milliseconds that requests under way have to end once the node was told to stop.',
    }),
  },
  { description: 'Listeners, threads and keys.' },
);
