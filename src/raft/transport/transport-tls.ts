import type { PeerCertificate } from 'node:tls';
import type { NodeNumber } from './transport.ts';

/** Mutual TLS between nodes: both sides show a certificate that the authority signed. */
export interface TransportTls {
  /** In PEM. */
  readonly certificate: string | Buffer;
  readonly key: string | Buffer;
  readonly authority: string | Buffer;
  /** Whether a node's certificate must name it: `node-3` as its common name or among its DNS names. */
  readonly checksNode: boolean;
}

/** What a node's certificate calls it. */
export function certificateNameOf(node: NodeNumber): string {
  return `node-${node}`;
}

/** Why a certificate is not a node's, if it is not. */
export function certificateFault(
  certificate: Pick<PeerCertificate, 'subject' | 'subjectaltname'>,
  node: NodeNumber,
): string | undefined {
  const name = certificateNameOf(node);
  const names = (certificate.subjectaltname ?? '')
    .split(', ')
    .filter((each) => each.startsWith('DNS:'))
    .map((each) => each.slice('DNS:'.length));
  // A subject may have several common names, which are then a list.
  const common: unknown = certificate.subject?.CN;
  const all = [...names, ...(Array.isArray(common) ? common : [common])];
  return all.includes(name) ? undefined : `the certificate does not name ${name}`;
}
