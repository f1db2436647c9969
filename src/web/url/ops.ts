/** Ops of URL. The host parses; a parsed URL crosses as its normalised `href`, from which the guest takes the parts. */
import { nullable, str, sync } from "../../isolate/op.ts";

export const urlOps = {
  /** Input, base or null. The `href`, or null when it is not a URL. */
  url_parse: sync([str(), nullable(str())], nullable(str())),
  /** `href`, the name of the attribute, its new value. The new `href`. */
  url_set: sync([str(1 << 21), str(16), str()], str()),
  /** One name or value of a form-urlencoded text, decoded. For what is not valid percent-encoded UTF-8. */
  url_decode_form: sync([str()], str()),
};
