/** Encoding: TextEncoder, TextDecoder, atob, btoa. */
import { DOMException } from "../infra/guest/dom-exception.ts";
import { hostOps } from "../infra/guest/host-ops.ts";
import { exposeOperation, requireArguments } from "../infra/guest/webidl.ts";
import { toDOMString } from "../infra/guest/webidl-convert.ts";
import "./guest/text-decoder.ts";
import "./guest/text-encoder.ts";
import { encodingOps } from "./ops.ts";

const { base64_decode, base64_encode } = hostOps(encodingOps);

exposeOperation("atob", function atob(data: unknown) {
  requireArguments(arguments.length, 1, "atob");
  const text = base64_decode(toDOMString(data));
  if (text === null) throw new DOMException("atob: the text is not base64", "InvalidCharacterError");
  return text;
});
exposeOperation("btoa", function btoa(data: unknown) {
  requireArguments(arguments.length, 1, "btoa");
  return base64_encode(toDOMString(data));
});
