/** Events: the interfaces, and `globalThis` as an EventTarget. */
import { exposeOperation } from "../infra/guest/webidl.ts";
import "./guest/event-classes.ts";
import { defineEventHandler, EventTarget } from "./guest/event-target.ts";
import "./guest/rejections.ts";
import "./guest/report.ts";

const { addEventListener, removeEventListener, dispatchEvent } = EventTarget.prototype;
exposeOperation("addEventListener", addEventListener, 2);
exposeOperation("removeEventListener", removeEventListener, 2);
exposeOperation("dispatchEvent", dispatchEvent, 1);

defineEventHandler(globalThis, "error");
defineEventHandler(globalThis, "unhandledrejection");
defineEventHandler(globalThis, "rejectionhandled");
