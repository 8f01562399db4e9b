import type { MethodHandler } from './call-handling.ts';
import type * as wire from './generated/messages.ts';
import type { ServiceCodec } from './service-codec.ts';
import type { ServiceSetting } from './service-setting.ts';

/** The methods of `grape.v1.Node`. */
export function nodeMethods(codec: ServiceCodec, setting: ServiceSetting) {
  const { database, limits, defaultCollection, version } = setting;
  const info: MethodHandler<wire.InfoRequest, wire.InfoResponse> = {
    operation: 'Node.Info',
    access: 'read',
    codec: codec.of('Info'),
    handle: async () => ({ version, defaultCollection, ...(await database.status()), limits }),
  };
  return { Info: info };
}
