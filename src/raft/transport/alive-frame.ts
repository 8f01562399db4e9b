import { writeFrame } from './write-frame.ts';

/** Says that this side is there, and on the lane of calls asks the other side to say so. */
export const ALIVE_FRAME: Uint8Array = writeFrame('alive', 0, () => {});
