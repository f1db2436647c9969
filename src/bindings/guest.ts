/** All of the guest's code: the rooms of the web platform, then those of bindings. */
import "../web/guest.ts";
import "./assets/guest.ts";
import "./lacking/guest.ts";
