/** What a metric is, for Prometheus and for the documentation. */
export interface MetricDeclaration {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper ends of a histogram's buckets, ascending. */
  readonly buckets?: readonly number[];
}
