import { Type } from 'typebox';
import { booleanSetting, integerSetting } from './setting-options.ts';

/** `[monitoring]`: metrics for Prometheus. */
export const MONITORING_SECTION = Type.Object(
  {
    prometheusEnabled: booleanSetting({
      default: true,
      description: 'Whether `/metrics` is served.',
    }),
    prometheusPort: integerSetting(0, 65_535, {
      default: 9090,
      description: 'Port of `/metrics`; 0 takes any free one.',
    }),
    metricsIntervalSecs: integerSetting(1, 3600, {
      default: 10,
      description: 'Seconds between two readings of what is sampled: memory, queues, segments.',
    }),
  },
  { description: 'Metrics for Prometheus.' },
);
