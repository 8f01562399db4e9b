import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder, type TemporaryFolder } from '../../../test/support/temporary-folder.ts';
import { RawPeer, identityOf } from '../../../test/support/raft/raw-peer.ts';
import { TcpWorld } from '../../../test/support/raft/tcp-world.ts';
import { TransportInbox, until } from '../../../test/support/raft/transport-inbox.ts';
import { SAMPLE_CHUNK, SAMPLE_MESSAGES } from '../../../test/support/raft/transport-messages.ts';
import type { TransportTls } from './transport-tls.ts';

const MESSAGE = { group: 1, message: SAMPLE_MESSAGES.vote };

/** A tool that makes certificates; not on every machine. */
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** An authority and the certificates that it signs, in a folder. */
class Authority {
  readonly #folder: string;
  readonly #name: string;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    const days = ['-days', '2'];
    this.#openssl([
      'req',
      '-x509',
      ...this.#newKey(name),
      '-out',
      this.#path(name, 'crt'),
      ...days,
    ]);
  }

  /** A certificate for a common name and DNS names, as a node uses it. */
  sign(common: string, names: readonly string[] = []): TransportTls {
    const file = `${this.#name}-${common}`;
    const request = this.#path(file, 'csr');
    this.#openssl(['req', ...this.#newKey(file, common), '-out', request]);
    const extensions = this.#path(file, 'ext');
    const alternatives = names.map((name) => `DNS:${name}`).join(',');
    writeFileSync(extensions, names.length === 0 ? '' : `subjectAltName=${alternatives}\n`);
    this.#openssl([
      ...['x509', '-req', '-in', request, '-out', this.#path(file, 'crt'), '-days', '2'],
      ...['-CA', this.#path(this.#name, 'crt'), '-CAkey', this.#path(this.#name, 'key')],
      ...['-CAcreateserial', '-extfile', extensions],
    ]);
    return {
      certificate: readFileSync(this.#path(file, 'crt')),
      key: readFileSync(this.#path(file, 'key')),
      authority: readFileSync(this.#path(this.#name, 'crt')),
      checksNode: true,
    };
  }

  #newKey(file: string, common = file): string[] {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    return [...key, '-keyout', this.#path(file, 'key'), '-subj', `/CN=${common}`];
  }

  #path(name: string, extension: string): string {
    return join(this.#folder, `${name}.${extension}`);
  }

  #openssl(parameters: readonly string[]): void {
    execFileSync('openssl', parameters, { stdio: 'pipe' });
  }
}

describe.skipIf(!hasOpenssl)('nodes over mutual TLS', () => {
  let folder: TemporaryFolder;
  let own: Authority;
  let foreign: Authority;
  let certificates: { one: TransportTls; two: TransportTls; three: TransportTls };
  let world: TcpWorld;
  let inbox: TransportInbox;

  beforeAll(async () => {
    folder = await temporaryFolder();
    own = new Authority(folder.path, 'own');
    foreign = new Authority(folder.path, 'foreign');
    certificates = {
      one: own.sign('node-1'),
      two: own.sign('grape', ['node-2', 'db.example']),
      three: own.sign('node-3'),
    };
  });

  afterAll(() => folder[Symbol.asyncDispose]());

  beforeEach(() => {
    world = new TcpWorld();
    inbox = new TransportInbox();
  });

  afterEach(() => world[Symbol.asyncDispose]());

  /** A node refused somebody, and logged why. */
  const untilRejected = (detail: string): Promise<void> =>
    until(() =>
      world.events.some(
        (each) => each.event === 'rejected' && each.end === 'refused' && each.detail === detail,
      ),
    );

  test('carry messages and chunks, with a token and without', async () => {
    for (const token of ['a secret', '']) {
      await using pair = new TcpWorld({ token });
      const one = await pair.start(1, { tls: certificates.one });
      const two = await pair.start(2, { tls: certificates.two });
      const received = new TransportInbox();
      two.listen(received);
      one.send(2, [MESSAGE]);
      await until(() => received.messages.length === 1);
      expect(received.messages).toEqual([MESSAGE]);
      expect(await one.sendChunk(2, SAMPLE_CHUNK)).toEqual({ kind: 'done' });
    }
  });

  test('let guests ask who show a certificate of the authority, whatever it names, and no others', async () => {
    const host = await world.open({ tls: certificates.two });
    host.serveGuests((request) => Promise.resolve(request));
    const address = `localhost:${host.port}`;
    const question = Uint8Array.of(1, 2);
    const member = await world.open({ tls: certificates.three });
    expect(await member.ask(address, question, { timeoutMs: 50_000 })).toEqual(question);
    const strange = { ...foreign.sign('node-9'), authority: certificates.one.authority };
    const stranger = await world.open({ tls: strange });
    await expect(stranger.ask(address, question, { timeoutMs: 50_000 })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    const distrustful = await world.open({ tls: foreign.sign('node-9') });
    await expect(distrustful.ask(address, question, { timeoutMs: 50_000 })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });

  test('still ask for the token', async () => {
    const one = await world.start(1, { tls: certificates.one, token: 'guessed' });
    await world.start(2, { tls: certificates.two });
    one.listen(inbox);
    one.send(2, [MESSAGE]);
    await until(() => inbox.unreachable.length === 1);
    expect(world.events).toContainEqual({
      event: 'disconnected',
      node: 2,
      lane: 'messages',
      end: 'refused',
      detail: 'token: node 1 has another cluster token',
    });
  });

  test("refuse a node that shows another node's certificate", async () => {
    const one = await world.start(1, { tls: certificates.three });
    await world.start(2, { tls: certificates.two });
    one.listen(inbox);
    one.send(2, [MESSAGE]);
    await until(() => inbox.unreachable.length === 1);
    await untilRejected('certificate: the certificate does not name node-1');
  });

  test("do not speak to a node that shows another node's certificate", async () => {
    const one = await world.start(1, { tls: certificates.one });
    await world.start(2, { tls: certificates.three });
    one.listen(inbox);
    one.send(2, [MESSAGE]);
    await until(() => inbox.unreachable.length === 1);
    expect(world.events).toContainEqual(
      expect.objectContaining({
        event: 'disconnected',
        end: 'refused',
        detail: 'certificate: the certificate does not name node-2',
      }),
    );
  });

  test('take any certificate of the authority where names are not checked', async () => {
    const unchecked = { ...certificates.three, checksNode: false };
    const one = await world.start(1, { tls: unchecked });
    const two = await world.start(2, { tls: unchecked });
    two.listen(inbox);
    one.send(2, [MESSAGE]);
    await until(() => inbox.messages.length === 1);
  });

  test('refuse a certificate of another authority, whichever side shows it', async () => {
    const stranger = foreign.sign('node-1');
    const fooled = { ...stranger, authority: certificates.one.authority };
    const one = await world.start(1, { tls: fooled });
    const two = await world.start(2, { tls: certificates.two });
    const other = new TransportInbox();
    one.listen(inbox);
    two.listen(other);
    one.send(2, [MESSAGE]);
    two.send(1, [MESSAGE]);
    await until(() => inbox.unreachable.length > 0 && other.unreachable.length > 0);
    expect([...inbox.messages, ...other.messages]).toEqual([]);
    await untilRejected('certificate: a certificate of the cluster is needed');
    const [refusal] = world.events.filter(
      (each) => each.event === 'disconnected' && each.node === 1,
    );
    expect(refusal).toMatchObject({ end: 'refused' });
  });

  test('refuse one who speaks plainly', async () => {
    const two = await world.start(2, { tls: certificates.two });
    two.listen(inbox);
    const plain = await RawPeer.connect({ host: '127.0.0.1', port: two.port });
    await expect(plain.greet(identityOf(1), 2, 'messages')).rejects.toThrow('ended');
    expect(inbox.messages).toEqual([]);
  });

  test('serve metrics to one without a certificate', async () => {
    const two = await world.start(2, { tls: certificates.two, metrics: { text: () => 'up 1\n' } });
    const body = await new Promise<string>((resolve, reject) => {
      get(
        {
          host: '127.0.0.1',
          port: two.port,
          path: '/raft/metrics',
          ca: certificates.two.authority,
          servername: 'db.example',
          agent: false,
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (piece: string) => {
            text += piece;
          });
          response.on('end', () => resolve(text));
        },
      ).on('error', reject);
    });
    expect(body).toBe('up 1\n');
  });
});
