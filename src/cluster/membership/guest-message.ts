import { VectorDbError } from '../../base/error.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { NodeIntroduction } from '../catalog/cluster-command.ts';

const VERSION = 1;

/** A member as others are told of it. */
export interface MemberAddress {
  readonly node: NodeNumber;
  readonly nodeId: string;
  readonly address: string;
}

/** What one node asks another by its address, before or beside being in one cluster. */
export type GuestRequest =
  /** Who are you? `candidate`: the asker founds a cluster once a majority of the other initial peers consents. */
  | {
      readonly kind: 'who';
      readonly nodeId: string;
      readonly incarnation: string;
      readonly candidate: boolean;
    }
  /** Take me in, or note where I am now. */
  | { readonly kind: 'register'; readonly node: NodeIntroduction };

/** What the asked node says. */
export type GuestAnswer =
  /** In no cluster yet. `joins`: it never founds one; `consents`: it consented to the asker's founding one, and to nobody else's. */
  | {
      readonly kind: 'blank';
      readonly nodeId: string;
      readonly incarnation: string;
      readonly joins: boolean;
      readonly consents: boolean;
      /** Of a cluster that it has heard of; empty: none. */
      readonly members: readonly MemberAddress[];
    }
  /** It has begun to found a cluster. */
  | { readonly kind: 'founding'; readonly nodeId: string }
  | {
      readonly kind: 'member';
      readonly clusterId: string;
      readonly node: NodeNumber;
      readonly nodeId: string;
      /** Those that are not gone, as far as it knows. */
      readonly members: readonly MemberAddress[];
    }
  | {
      readonly kind: 'registered';
      readonly clusterId: string;
      readonly node: NodeNumber;
      readonly members: readonly MemberAddress[];
    }
  | { readonly kind: 'refused'; readonly retryable: boolean; readonly message: string };

/** JSON with a version: guests may be of another version of this program. */
export function encodeGuestMessage(message: GuestRequest | GuestAnswer): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ version: VERSION, ...message }));
}

/** @throws {VectorDbError} INVALID_ARGUMENT where it is no request */
export function decodeGuestRequest(bytes: Uint8Array): GuestRequest {
  const fields = readFields(bytes);
  switch (fields['kind']) {
    case 'who':
      return {
        kind: 'who',
        nodeId: text(fields, 'nodeId'),
        incarnation: text(fields, 'incarnation'),
        candidate: flag(fields, 'candidate'),
      };
    case 'register':
      return { kind: 'register', node: introduction(record(fields['node'])) };
    default:
      throw malformed('kind');
  }
}

/** @throws {VectorDbError} INVALID_ARGUMENT where it is no answer */
export function decodeGuestAnswer(bytes: Uint8Array): GuestAnswer {
  const fields = readFields(bytes);
  switch (fields['kind']) {
    case 'blank':
      return {
        kind: 'blank',
        nodeId: text(fields, 'nodeId'),
        incarnation: text(fields, 'incarnation'),
        joins: flag(fields, 'joins'),
        consents: flag(fields, 'consents'),
        members: members(fields),
      };
    case 'founding':
      return { kind: 'founding', nodeId: text(fields, 'nodeId') };
    case 'member':
      return {
        kind: 'member',
        clusterId: text(fields, 'clusterId'),
        node: number(fields, 'node'),
        nodeId: text(fields, 'nodeId'),
        members: members(fields),
      };
    case 'registered':
      return {
        kind: 'registered',
        clusterId: text(fields, 'clusterId'),
        node: number(fields, 'node'),
        members: members(fields),
      };
    case 'refused':
      return {
        kind: 'refused',
        retryable: flag(fields, 'retryable'),
        message: text(fields, 'message'),
      };
    default:
      throw malformed('kind');
  }
}

type Fields = Readonly<Record<string, unknown>>;

function readFields(bytes: Uint8Array): Fields {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw malformed('text');
  }
  const fields = record(value);
  if (fields['version'] !== VERSION) throw malformed('version');
  return fields;
}

function introduction(fields: Fields): NodeIntroduction {
  return {
    nodeId: text(fields, 'nodeId'),
    raftAddress: text(fields, 'raftAddress'),
    grpcAddress: text(fields, 'grpcAddress'),
    restAddress: text(fields, 'restAddress'),
    zone: text(fields, 'zone'),
    incarnation: text(fields, 'incarnation'),
  };
}

function members(fields: Fields): readonly MemberAddress[] {
  const list = fields['members'];
  if (!Array.isArray(list)) throw malformed('members');
  return list.map((each) => {
    const member = record(each);
    return {
      node: number(member, 'node'),
      nodeId: text(member, 'nodeId'),
      address: text(member, 'address'),
    };
  });
}

function record(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('form');
  return value as Fields;
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw malformed(name);
  return value;
}

function flag(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value !== 'boolean') throw malformed(name);
  return value;
}

function number(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) throw malformed(name);
  return value;
}

const malformed = (what: string): VectorDbError =>
  new VectorDbError('INVALID_ARGUMENT', `a message between nodes is malformed: ${what}`);
