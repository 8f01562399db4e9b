/** What an index tells its log: an event's name and fields. */
export interface IndexEvent {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}
