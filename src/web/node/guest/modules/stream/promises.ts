/** node:stream/promises. */
import Stream from "../stream.ts";

export const { pipeline, finished } = Stream.promises;
export default { pipeline, finished };
