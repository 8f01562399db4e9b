/** A segment as `describe` tells it. */
export interface SegmentState {
  readonly kind: 'growing' | 'sealed';
  readonly rows: number;
  readonly deletedRows: number;
  readonly bytes: number;
}
