/** Error.captureStackTrace (https://github.com/tc39/proposal-error-capturestacktrace), which libraries take for granted. */
import { arrayJoin, arrayRemove, SafeError, SafeTypeError, stringSplit, stringStartsWith } from "../../infra/guest/primordials.ts";
import { isObject } from "../../infra/guest/webidl-convert.ts";
import { defineHidden, defineMethods } from "./define.ts";

defineMethods(
  SafeError,
  {
    captureStackTrace(object: unknown, topmost?: unknown): void {
      if (!isObject(object)) throw new SafeTypeError("Error.captureStackTrace: not an object");
      const frames = stringSplit(new SafeError().stack ?? "", "\n");
      // This function itself, and what it leaves between itself and its caller.
      arrayRemove(frames, 0);
      const name = typeof topmost === "function" ? topmost.name : "";
      for (let i = 0; name !== "" && i < frames.length; i++) {
        if (!stringStartsWith(frames[i] as string, "    at " + name + " (")) continue;
        arrayRemove(frames, 0, i + 1);
        break;
      }
      defineHidden(object, "stack", arrayJoin(frames, "\n"));
    },
  },
  { captureStackTrace: 1 },
);
