#!/usr/bin/env node
import { keepCompiledSources } from './base/compiled-sources.ts';

/** Process entry of the server. What it imports comes after the place is known where it may lie compiled already. */

keepCompiledSources();
const { runServer } = await import('./server/server-program.ts');
process.exitCode = await runServer(process.argv.slice(2));
