/** What a replica has sent and taken of snapshots since its process began; these rise only. */
export interface SnapshotCounts {
  /** Chunks that were handed to the transport, each time that they were. */
  chunksSent: number;
  /** Of those, the ones that no answer came for: they may have arrived or not. */
  chunksUnanswered: number;
  /** Snapshots that began to arrive. */
  snapshotsBegun: number;
  /** Those of them that arrived whole. */
  snapshotsTaken: number;
  /** Chunks that went on where the one before had ended, each once. */
  chunksTaken: number;
  /** Chunks that had arrived before. */
  chunksRepeated: number;
  /** Of the chunks that were taken. */
  bytesTaken: number;
}

/** All at 0. */
export function newSnapshotCounts(): SnapshotCounts {
  return {
    chunksSent: 0,
    chunksUnanswered: 0,
    snapshotsBegun: 0,
    snapshotsTaken: 0,
    chunksTaken: 0,
    chunksRepeated: 0,
    bytesTaken: 0,
  };
}
