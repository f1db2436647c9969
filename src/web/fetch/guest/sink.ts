/** Streams that leave the isolate: read here, written to a sink of the host's, never faster than its reader takes them. */
import { hostOps } from "../../infra/guest/host-ops.ts";
import { onEvent } from "../../infra/guest/events.ts";
import { mapDelete, mapGet, mapSet, promiseIgnore, promiseThen, SafeMap, SafePromise, SafeTypeError, stringSlice, typedArrayName } from "../../infra/guest/primordials.ts";
import { type ByteStream, cancelReader, openReader, type Reader, readInto, readRequest } from "../../streams/guest/door.ts";
import { fetchOps } from "../ops.ts";

const { sink_open, sink_push, sink_ready, sink_close, sink_abort } = hostOps(fetchOps);

const readers = new SafeMap<number, Reader>();

/** Stops writing to the sink `rid`, if that is still under way, and cancels the stream that is written. */
export function cancelPump(rid: number, reason: unknown): void {
  const reader = mapGet(readers, rid);
  if (reader === undefined) return;
  mapDelete(readers, rid);
  promiseIgnore(cancelReader(reader, reason));
}

onEvent("sink_canceled", (_invocation, rid) => cancelPump(rid as number, new SafeTypeError("the reader of this stream has gone")));

export const openSink = sink_open;

/** Writes all of `stream` to the sink. Resolves when it has ended, however it ended. */
export function pump(stream: ByteStream, rid: number): Promise<void> {
  const reader = openReader(stream);
  mapSet(readers, rid, reader);
  return new SafePromise((resolve) => {
    const finish = (): void => {
      mapDelete(readers, rid);
      resolve();
    };
    const fail = (error: unknown): void => {
      sink_abort(rid, messageOf(error));
      promiseIgnore(cancelReader(reader, error));
      finish();
    };
    let isStepping = false;
    let mayStep = false;
    /** A chunk that is there already is taken before this returns: no deeper for a thousand of them than for one. */
    const step = (): void => {
      mayStep = true;
      if (isStepping) return;
      isStepping = true;
      try {
        while (mayStep) {
          mayStep = false;
          readInto(reader, request);
        }
      } catch (error) {
        fail(error);
      }
      isStepping = false;
    };
    const take = (value: unknown): void => {
      try {
        if (typedArrayName(value) !== "Uint8Array") throw new SafeTypeError("the stream gave something that is no Uint8Array");
        if (sink_push(rid, value as Uint8Array<ArrayBuffer>)) step();
        else promiseThen(sink_ready(rid), step, fail);
      } catch (error) {
        fail(error);
      }
    };
    const end = (): void => {
      sink_close(rid);
      finish();
    };
    const request = readRequest(take, end, fail);
    step();
  });
}

function messageOf(error: unknown): string {
  try {
    return stringSlice("" + (error as Error).message, 0, 1000);
  } catch {
    return "the stream failed";
  }
}
