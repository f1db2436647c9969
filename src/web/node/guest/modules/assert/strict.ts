/** node:assert/strict: the comparisons of node:assert without their loose forms. */
import { strict } from "../assert.ts";

export { strict };
export const { AssertionError, ok, fail, equal, notEqual, deepEqual, notDeepEqual, strictEqual, notStrictEqual, deepStrictEqual, notDeepStrictEqual, match, doesNotMatch, ifError, throws, doesNotThrow, rejects, doesNotReject } = strict;
export default strict;
