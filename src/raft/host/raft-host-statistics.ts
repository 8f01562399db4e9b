/** What a host has done since its process began, and how its log is. */
export interface RaftHostStatistics {
  /** Turns of all groups together. */
  readonly turns: number;
  /** Batches handed to the log, and writes of groups in them: their ratio tells how many groups share an fsync. */
  readonly logBatches: number;
  readonly logWrites: number;
  /** Age of the oldest batch that is not durable; 0: none is under way. */
  readonly logStalledMs: number;
  /** Of the log's files. */
  readonly logBytes: number;
  readonly logFiles: number;
}
