import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { MetricDeclaration } from './metric-declaration.ts';

type Declared<Label extends string> = MetricDeclaration & { readonly labels: readonly Label[] };

/** Makes metrics from their declarations, all in one registry. */
export class MetricMaker {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  counter<Label extends string>(declaration: Declared<Label>): Counter<Label> {
    return new Counter(this.#configuration(declaration));
  }

  gauge<Label extends string>(declaration: Declared<Label>): Gauge<Label> {
    return new Gauge(this.#configuration(declaration));
  }

  histogram<Label extends string>(declaration: Declared<Label>): Histogram<Label> {
    return new Histogram({
      ...this.#configuration(declaration),
      buckets: [...(declaration.buckets ?? [])],
    });
  }

  #configuration<Label extends string>({
    name,
    help,
    labels,
  }: Declared<Label>): {
    name: string;
    help: string;
    labelNames: readonly Label[];
    registers: Registry[];
  } {
    return { name, help, labelNames: labels, registers: [this.#registry] };
  }
}
