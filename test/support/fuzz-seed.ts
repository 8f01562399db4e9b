import fc from 'fast-check';

/**
 * Property tests draw from this seed, so that a run can be repeated and a change is judged by itself, not by the dice of the day.
 * `FUZZ_SEED=random npm test` looks elsewhere, `FUZZ_SEED=<number>` repeats what fast-check printed.
 */
const FIXED_SEED = 20_261_121;

const wanted = process.env['FUZZ_SEED'];
if (wanted !== 'random') fc.configureGlobal({ seed: Number(wanted ?? FIXED_SEED) });
