import type { PeerCertificate } from 'node:tls';
import { expect, test } from 'vitest';
import { certificateFault } from './transport-tls.ts';

const certificate = (CN: string | string[] | undefined, subjectaltname?: string) =>
  ({ subject: { CN }, ...(subjectaltname === undefined ? {} : { subjectaltname }) }) as Pick<
    PeerCertificate,
    'subject' | 'subjectaltname'
  >;

test.each([
  [certificate('node-3')],
  [certificate(['other', 'node-3'])],
  [certificate('grape', 'DNS:node-2, DNS:node-3, IP Address:10.0.0.3')],
  [certificate(undefined, 'DNS:node-3')],
])('a certificate names its node: %j', (each) => {
  expect(certificateFault(each, 3)).toBeUndefined();
});

test.each([
  [certificate('node-33')],
  [certificate('NODE-3')],
  [certificate(undefined)],
  [certificate('grape', 'DNS:node-30, DNS:xnode-3')],
  [certificate('grape', 'URI:node-3, DNS:node-4')],
  [{} as PeerCertificate],
])('a certificate names another: %j', (each) => {
  expect(certificateFault(each, 3)).toBe('the certificate does not name node-3');
});
