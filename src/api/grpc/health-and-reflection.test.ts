import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import { protoPath, service as healthService } from 'grpc-health-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GrpcEdge, openGrpcEdge } from '../../../test/support/grpc-edge.ts';

type Method = MethodDefinition<object, object>;

describe('health checks and reflection', () => {
  let edge: GrpcEdge;
  let client: Client;

  beforeAll(async () => {
    edge = await openGrpcEdge({ auth: { full: 'secret' } });
    client = new Client(edge.address, credentials.createInsecure());
  });
  afterAll(async () => {
    client.close();
    await edge[Symbol.asyncDispose]();
  });

  const check = (service: string): Promise<object> =>
    new Promise((resolve) => {
      const { path, requestSerialize, responseDeserialize } = healthService['Check'] as Method;
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { service },
        (error, answer) => resolve(error ? { code: error.code } : (answer ?? {})),
      );
    });

  test('tell readiness of the server and of each service, without a key', async () => {
    expect(protoPath).toContain('health.proto');
    expect(await check('')).toEqual({ status: 'NOT_SERVING' });
    edge.server.setReady(true);
    for (const name of ['', 'grape.v1.Points', 'grape.v1.Collections', 'grape.v1.Node']) {
      expect(await check(name)).toEqual({ status: 'SERVING' });
    }
    edge.server.setReady(false);
    expect(await check('grape.v1.Points')).toEqual({ status: 'NOT_SERVING' });
    expect(await check('grape.v2.Points')).toEqual({ code: 5 });
  });

  test.each(['v1', 'v1alpha'])(
    'list the services and messages by reflection %s',
    async (version) => {
      const require = createRequire(import.meta.url);
      const folder = `${dirname(require.resolve('@grpc/reflection'))}/../proto`;
      const pkg = loadSync(`grpc/reflection/${version}/reflection.proto`, {
        includeDirs: [folder],
        oneofs: true,
      });
      const service = pkg[`grpc.reflection.${version}.ServerReflection`] as unknown as {
        readonly ServerReflectionInfo: Method;
      };
      const { path, requestSerialize, responseDeserialize } = service.ServerReflectionInfo;
      const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
      const answers: object[] = [];
      stream.on('data', (answer: object) => answers.push(answer));
      const ended = new Promise((resolve) => stream.on('end', resolve));
      stream.write({ listServices: '*' });
      stream.write({ fileContainingSymbol: 'grape.v1.SearchRequest' });
      stream.end();
      await ended;
      const [list, file] = answers as [
        { listServicesResponse?: { service?: { name?: string }[] } },
        { fileDescriptorResponse?: { fileDescriptorProto?: Buffer[] } },
      ];
      const names = list.listServicesResponse?.service?.map(({ name }) => name);
      expect(names).toEqual(
        expect.arrayContaining(['grape.v1.Points', 'grape.v1.Collections', 'grape.v1.Node']),
      );
      const text = file.fileDescriptorResponse?.fileDescriptorProto?.[0]?.toString('latin1');
      expect(text).toContain('score_threshold');
    },
  );
});
