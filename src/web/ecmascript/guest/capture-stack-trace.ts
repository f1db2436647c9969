/** Error.captureStackTrace (https://github.com/tc39/proposal-error-capturestacktrace), which libraries take for granted. */
import { arrayJoin, arrayRemove, SafeError, SafeTypeError, stringSplit, stringStartsWith } from "../../infra/guest/primordials.ts";
import { defineStack, engineStack, keepFrames } from "../../infra/guest/error-stack.ts";
import { isObject } from "../../infra/guest/webidl-convert.ts";
import { defineMethods } from "./define.ts";

defineMethods(
  SafeError,
  {
    captureStackTrace(object: unknown, topmost?: unknown): void {
      if (!isObject(object)) throw new SafeTypeError("Error.captureStackTrace: not an object");
      const frames = stringSplit(engineStack(new SafeError()), "\n");
      // This function itself, and what it leaves between itself and its caller.
      arrayRemove(frames, 0);
      const name = typeof topmost === "function" ? topmost.name : "";
      for (let i = 0; name !== "" && i < frames.length; i++) {
        if (!stringStartsWith(frames[i] as string, "    at " + name + " (")) continue;
        arrayRemove(frames, 0, i + 1);
        break;
      }
      keepFrames(object, arrayJoin(frames, "\n"));
      defineStack(object);
    },
  },
  { captureStackTrace: 1 },
);
