/** Messages of any protobuf format as bytes, from a table of their fields. Knows no format. */

import { BinaryWriter, WireType } from "protobuf";

/** Kinds of fields that are no messages. */
export type Scalar = "int64" | "float" | "double" | "string" | "bytes";

/** The fields of each message: number and type, which is a {@linkcode Scalar} or the name of a message. */
export type Fields = Readonly<
  Record<string, Readonly<Record<string, readonly [number: number, type: string]>>>
>;

/**
 * The bytes of `value`, which has the fields of `message` by their names; one that is absent is left out, and a
 * list is written element by element.
 */
export function formatMessage<F extends Fields>(
  fields: F,
  message: keyof F & string,
  value: object,
): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  writeMessage(writer, { fields, message, value });
  return writer.finish();
}

function writeMessage(
  writer: BinaryWriter,
  { fields, message, value }: {
    readonly fields: Fields;
    readonly message: string;
    readonly value: object;
  },
): void {
  for (const [name, [number, type]] of Object.entries(fields[message]!)) {
    const content = (value as Record<string, unknown>)[name] ?? [];
    for (const one of Array.isArray(content) ? content : [content]) {
      if (Object.hasOwn(SCALARS, type)) SCALARS[type as Scalar](writer, number, one);
      else {
        writer.tag(number, WireType.LengthDelimited).fork();
        writeMessage(writer, { fields, message: type, value: one });
        writer.join();
      }
    }
  }
}

const SCALARS: Readonly<
  Record<Scalar, (writer: BinaryWriter, number: number, value: unknown) => void>
> = {
  int64: (writer, number, value) => writer.tag(number, WireType.Varint).int64(value as number),
  float: (writer, number, value) => writer.tag(number, WireType.Bit32).float(value as number),
  double: (writer, number, value) => writer.tag(number, WireType.Bit64).double(value as number),
  string: (writer, number, value) =>
    writer.tag(number, WireType.LengthDelimited).string(value as string),
  bytes: (writer, number, value) =>
    writer.tag(number, WireType.LengthDelimited).bytes(value as Uint8Array),
};
