#!/usr/bin/env node
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { runGrape } from './program.ts';
import { streamOutput } from './terminal/output.ts';

const stop = new AbortController();
// Once only: who asks a second time means it.
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

// A reader that has seen enough (`grape export | head`) is no failure, and there is nothing to tell.
let readerGone = false;
const stdout = streamOutput(process.stdout, () => {
  readerGone = true;
  stop.abort();
});
const stderr = streamOutput(process.stderr, () => {});

const code = await runGrape(process.argv.slice(2), {
  stdout,
  stderr: {
    get columns() {
      return stderr.columns;
    },
    write: (text) => (readerGone ? Promise.resolve() : stderr.write(text)),
  },
  env: process.env,
  clock: systemClock,
  random: systemRandom,
  signal: stop.signal,
});
process.exitCode = readerGone ? 0 : code;
