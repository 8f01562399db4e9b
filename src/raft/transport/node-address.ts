/** A port's number in a text, without zeros before it. */
const PORT = /^(?:0|[1-9]\d{0,4})$/;

/** Where a node listens. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** The address that a text is: `host:port`, `[::1]:port`; undefined where it is none. */
export function addressOfText(text: string): NodeAddress | undefined {
  const colon = text.lastIndexOf(':');
  if (colon <= 0 || !PORT.test(text.slice(colon + 1))) return undefined;
  const port = Number(text.slice(colon + 1));
  const host = text.slice(0, colon);
  const isBracketed = host.startsWith('[') && host.endsWith(']');
  // An address of IPv6 without brackets does not tell where it ends.
  if (port > 65_535 || (!isBracketed && host.includes(':'))) return undefined;
  return { host: isBracketed ? host.slice(1, -1) : host, port };
}
