import { ByteWriter } from './byte-writer.ts';
import { FRAME_HEADER_BYTES, type FrameKind, sealFrame } from './frame-codec.ts';

/** A frame whose body is what `writeBody` writes, in at most `bodyBytesMax` bytes. */
export function writeFrame(
  kind: FrameKind,
  bodyBytesMax: number,
  writeBody: (writer: ByteWriter) => void,
): Uint8Array {
  const writer = new ByteWriter(FRAME_HEADER_BYTES + bodyBytesMax);
  writer.skip(FRAME_HEADER_BYTES);
  writeBody(writer);
  return sealFrame(kind, writer.finish());
}
