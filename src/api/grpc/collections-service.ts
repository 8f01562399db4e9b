import { checkName, invalidField } from '../request-checks.ts';
import type { MethodHandler } from './call-handling.ts';
import {
  readAliasActions,
  readCreateCollection,
  readPayloadIndex,
  writeDescription,
} from './collection-codec.ts';
import type * as wire from './generated/messages.ts';
import type { ServiceCodec } from './service-codec.ts';
import type { ServiceSetting } from './service-setting.ts';

/** The methods of `grape.v1.Collections`. */
export function collectionsMethods(codec: ServiceCodec, setting: ServiceSetting) {
  const { database, limits, defaultCollection } = setting;

  const method = methodMaker(codec);
  return {
    Create: method<wire.CreateCollectionRequest, wire.CreateCollectionResponse>(
      'Create',
      'write',
      async (message) => {
        await database.createCollection(readCreateCollection(message, limits));
        return {};
      },
    ),
    Drop: method<wire.DropCollectionRequest, wire.DropCollectionResponse>(
      'Drop',
      'write',
      async ({ collection = '' }) => {
        if (collection === '') throw invalidField('collection', 'is required');
        return { dropped: await database.dropCollection(collection) };
      },
    ),
    Describe: method<wire.DescribeCollectionRequest, wire.DescribeCollectionResponse>(
      'Describe',
      'read',
      async ({ collection }) => ({
        collection: writeDescription(
          await database.describeCollection(collection || defaultCollection),
        ),
      }),
    ),
    List: method<wire.ListCollectionsRequest, wire.ListCollectionsResponse>(
      'List',
      'read',
      async () => ({ collections: (await database.listCollections()).map(writeDescription) }),
    ),
    Optimize: method<wire.OptimizeRequest, wire.OptimizeResponse>(
      'Optimize',
      'write',
      async ({ collection }, signal) => {
        await database.optimizeCollection(collection || defaultCollection, signal);
        return {};
      },
    ),
    ...aliasMethods(codec, setting),
    ...payloadIndexMethods(codec, setting),
  };
}

function aliasMethods(codec: ServiceCodec, { database, limits }: ServiceSetting) {
  const method = methodMaker(codec);
  return {
    UpdateAliases: method<wire.UpdateAliasesRequest, wire.UpdateAliasesResponse>(
      'UpdateAliases',
      'write',
      async ({ actions }) => {
        await database.updateAliases(readAliasActions(actions, limits));
        return {};
      },
    ),
    ListAliases: method<wire.ListAliasesRequest, wire.ListAliasesResponse>(
      'ListAliases',
      'read',
      async () => ({ aliases: await database.listAliases() }),
    ),
  };
}

function payloadIndexMethods(codec: ServiceCodec, setting: ServiceSetting) {
  const { database, limits, defaultCollection } = setting;
  const method = methodMaker(codec);
  const keyPath = (field: string | undefined): string => {
    checkName(field ?? '', 'field', limits.nameBytesMax);
    return field ?? '';
  };
  return {
    CreatePayloadIndex: method<wire.CreatePayloadIndexRequest, wire.CreatePayloadIndexResponse>(
      'CreatePayloadIndex',
      'write',
      async ({ collection, field, index }) => {
        const schema = readPayloadIndex(index);
        await database.createPayloadIndex(collection || defaultCollection, keyPath(field), schema);
        return {};
      },
    ),
    DropPayloadIndex: method<wire.DropPayloadIndexRequest, wire.DropPayloadIndexResponse>(
      'DropPayloadIndex',
      'write',
      async ({ collection, field }) => ({
        dropped: await database.dropPayloadIndex(collection || defaultCollection, keyPath(field)),
      }),
    ),
  };
}

type MethodMaker = <Request extends object, Response extends object>(
  name: string,
  access: 'read' | 'write',
  handle: (message: Request, signal: AbortSignal) => Promise<Response>,
) => MethodHandler<Request, Response>;

function methodMaker(codec: ServiceCodec): MethodMaker {
  return (name, access, handle) => ({
    operation: `Collections.${name}`,
    access,
    codec: codec.of(name),
    handle,
  });
}
