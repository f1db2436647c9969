/** All rooms of the web platform, guest side, in the order in which they need each other. */
import "./infra/guest/dom-exception.ts";
import "./ecmascript/guest.ts";
import "./events/guest.ts";
import "./timers/guest.ts";
import "./abort/guest.ts";
import "./performance/guest.ts";
import "./console/guest.ts";
import "./url/guest.ts";
import "./encoding/guest.ts";
import "./crypto/guest.ts";
import "./fetch/guest.ts";
import "./navigator/guest.ts";
import "./node/guest.ts";
import "./intl/guest/methods.ts";
import "./infra/guest/absent.ts";
import { trackRejection } from "./events/guest/rejections.ts";
import { ready } from "./infra/guest/events.ts";

ready(trackRejection);
