/** What ECMA-262 has and the engine lacks. */
import "./guest/array-from-async.ts";
import "./guest/bytes-as-text.ts";
import "./guest/capture-stack-trace.ts";
import "./guest/dispose-symbols.ts";
