/** Fetch (https://fetch.spec.whatwg.org): Headers, Request, Response, fetch, and the events that bring requests in. */
import "./guest/headers.ts";
import "./guest/request.ts";
import "./guest/response.ts";
import "./guest/fetch.ts";
import "./guest/fetch-event.ts";
import "./guest/drain-event.ts";
import "./guest/scheduled-event.ts";
import "./guest/handler.ts";
import "./guest/entry.ts";
