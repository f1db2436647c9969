/** What of performance is loaded on first use: marks, measures and observers. */
import "./observer.ts";

export { clear, entriesOf } from "./buffers.ts";
export { mark, measure } from "./timeline.ts";
