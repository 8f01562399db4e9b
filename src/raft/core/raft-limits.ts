/** The times and bounds of a replica's core. Ticks are the host's; limits are in entries and in bytes of their data. */
export interface RaftLimits {
  /**
   * Ticks without word from a leader after which a replica stands for election: drawn each time from this and up to half more. Who stands and gets no
   * answer asks again after a quarter to a half of it; a candidate after half of it to all, and later each time, up to twice.
   */
  readonly electionTicks: number;
  /** Ticks between heartbeats; less than `electionTicks`. */
  readonly heartbeatTicks: number;
  /** Bytes of one append message; one entry alone may be larger. */
  readonly appendBytesMax: number;
  /** Entries of one append message. */
  readonly appendEntriesMax: number;
  /** Append messages on their way to one follower. */
  readonly inflightMessagesMax: number;
  /** Bytes of entries on their way to one follower; the message that begins below the limit may exceed it. */
  readonly inflightBytesMax: number;
  /** Bytes of entries that a leader takes before they are committed; more are refused. One proposal on an empty log is always taken. */
  readonly uncommittedBytesMax: number;
  /** Bytes of committed entries that the host has and has not applied; one entry may exceed what is left. */
  readonly applyingBytesMax: number;
  /** Reads that may wait for a round of heartbeats or for the term's first commit. */
  readonly pendingReadsMax: number;
}
