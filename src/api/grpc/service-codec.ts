import type { MethodDefinition, PackageDefinition } from '@grpc/proto-loader';
import type { MessageCodec } from './call-handling.ts';

/** Gives the codecs of one service's methods by method name, as the proto file defines them. */
export class ServiceCodec {
  readonly #methods: Readonly<Record<string, MethodDefinition<object, object>>>;

  /** @param service - full name: `grape.v1.Points` */
  constructor(pkg: PackageDefinition, service: string) {
    this.#methods = pkg[service] as Readonly<Record<string, MethodDefinition<object, object>>>;
  }

  /** The caller names the types of the method's messages, which the proto file alone knows. */
  of<Request extends object, Response extends object>(
    method: string,
  ): MessageCodec<Request, Response> {
    const definition = this.#methods[method];
    if (definition === undefined) throw new Error(`there is no method ${method}`);
    return {
      read: (bytes) => definition.requestDeserialize(bytes) as Request,
      write: (response) => definition.responseSerialize(response),
    };
  }
}
