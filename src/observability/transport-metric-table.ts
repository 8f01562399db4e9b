import type { MetricDeclaration } from './metric-declaration.ts';

/** Metrics of what nodes say to each other. */
export const TRANSPORT_METRIC_TABLE = {
  transportCalls: {
    name: 'grape_transport_calls_total',
    type: 'counter',
    help: 'Calls of this node to others that ended, by how (answered, failed, cancelled).',
    labels: ['end'],
  },
  transportCallsServed: {
    name: 'grape_transport_calls_served_total',
    type: 'counter',
    help: 'Calls of other nodes, by what they got (answer, none).',
    labels: ['reply'],
  },
  transportCallBytes: {
    name: 'grape_transport_call_bytes_total',
    type: 'counter',
    help: 'Bytes of requests and answers of calls, by direction (sent, received).',
    labels: ['direction'],
  },
  transportMessages: {
    name: 'grape_transport_messages_total',
    type: 'counter',
    help: 'Raft messages, by direction (sent, received).',
    labels: ['direction'],
  },
  transportMessagesDropped: {
    name: 'grape_transport_messages_dropped_total',
    type: 'counter',
    help: 'Raft messages that did not leave, by reason (queueFull, unreachable, tooLarge, closed): the groups send what is still needed again.',
    labels: ['reason'],
  },
  transportBytes: {
    name: 'grape_transport_bytes_total',
    type: 'counter',
    help: 'Bytes of frames of every kind between nodes, without what TLS adds, by direction (sent, received).',
    labels: ['direction'],
  },
  transportConnects: {
    name: 'grape_transport_connects_total',
    type: 'counter',
    help: 'Connections to other nodes that were made, those made again among them.',
    labels: [],
  },
  transportConnectionEnds: {
    name: 'grape_transport_connection_ends_total',
    type: 'counter',
    help: 'Connections, and attempts at one, that ended, by why.',
    labels: ['reason'],
  },
  transportCallsUnderWay: {
    name: 'grape_transport_calls_under_way',
    type: 'gauge',
    help: 'Calls of this node that wait for the answer of another one, by its number.',
    labels: ['node'],
  },
} as const satisfies Record<string, MetricDeclaration>;
