import type { Gauge } from 'prom-client';
import { CounterTotal } from './counter-total.ts';
import type { MetricMaker } from './metric-maker.ts';
import { TRANSPORT_METRIC_TABLE } from './transport-metric-table.ts';

/** What this node and others have said to each other since the process began; by direction, end or reason. */
export interface TransportReading {
  readonly calls: Readonly<Record<'answered' | 'failed' | 'cancelled', number>>;
  readonly callsServed: Readonly<Record<'answer' | 'none', number>>;
  readonly callBytes: Readonly<Record<'sent' | 'received', number>>;
  readonly messages: Readonly<Record<'sent' | 'received', number>>;
  readonly messagesDropped: Readonly<Record<string, number>>;
  readonly bytes: Readonly<Record<'sent' | 'received', number>>;
  readonly connects: number;
  readonly connectionEnds: Readonly<Record<string, number>>;
  /** By the number of the node that is asked. */
  readonly callsUnderWay: Readonly<Record<string, number>>;
}

const T = TRANSPORT_METRIC_TABLE;

/** The metrics of what nodes say to each other. */
export class TransportMetrics {
  readonly #calls: CounterTotal<'end'>;
  readonly #callsServed: CounterTotal<'reply'>;
  readonly #callBytes: CounterTotal<'direction'>;
  readonly #messages: CounterTotal<'direction'>;
  readonly #messagesDropped: CounterTotal<'reason'>;
  readonly #bytes: CounterTotal<'direction'>;
  readonly #connects: CounterTotal<never>;
  readonly #connectionEnds: CounterTotal<'reason'>;
  readonly #callsUnderWay: Gauge<'node'>;

  constructor(make: MetricMaker) {
    this.#calls = new CounterTotal(make.counter(T.transportCalls));
    this.#callsServed = new CounterTotal(make.counter(T.transportCallsServed));
    this.#callBytes = new CounterTotal(make.counter(T.transportCallBytes));
    this.#messages = new CounterTotal(make.counter(T.transportMessages));
    this.#messagesDropped = new CounterTotal(make.counter(T.transportMessagesDropped));
    this.#bytes = new CounterTotal(make.counter(T.transportBytes));
    this.#connects = new CounterTotal(make.counter(T.transportConnects));
    this.#connectionEnds = new CounterTotal(make.counter(T.transportConnectionEnds));
    this.#callsUnderWay = make.gauge(T.transportCallsUnderWay);
  }

  /** Takes the newest reading; nodes that it does not name are no longer shown. */
  read(reading: TransportReading): void {
    reachAll(this.#calls, 'end', reading.calls);
    reachAll(this.#callsServed, 'reply', reading.callsServed);
    reachAll(this.#callBytes, 'direction', reading.callBytes);
    reachAll(this.#messages, 'direction', reading.messages);
    reachAll(this.#messagesDropped, 'reason', reading.messagesDropped);
    reachAll(this.#bytes, 'direction', reading.bytes);
    this.#connects.reach({}, reading.connects);
    reachAll(this.#connectionEnds, 'reason', reading.connectionEnds);
    this.#callsUnderWay.reset();
    for (const [node, count] of Object.entries(reading.callsUnderWay)) {
      this.#callsUnderWay.set({ node }, count);
    }
  }
}

function reachAll<Label extends string>(
  counter: CounterTotal<Label>,
  label: Label,
  totals: Readonly<Record<string, number>>,
): void {
  for (const [value, total] of Object.entries(totals)) {
    counter.reach({ [label]: value } as Partial<Record<Label, string>>, total);
  }
}
