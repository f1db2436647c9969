/** Log lines as they come. */
import * as v from "valibot";
import { LogStream } from "../log-stream.ts";
import { optionalText, route } from "./route.ts";

const TYPE = "text/event-stream";
const follow = v.pipe(v.optional(v.literal("true", 'must be "true": lines that were written before are where nano logs to'), "true"), v.description("Lines as they come; there is no other form."));

export const logRoutes = [
  route({
    method: "get",
    path: "/admin/logs",
    summary: "Follow the log: server-sent events, one JSON object per line",
    query: { app: optionalText("Lines of this app alone."), follow },
    replies: { 200: { about: "An event `dropped` with a number says how many lines the reader was too slow for.", type: TYPE } },
    refuses: ["unknown_app"],
    async handle({ query: { app }, signal }, operations) {
      if (app !== undefined) await operations.app(app);
      const stream = new LogStream((listener) => operations.followLogs(app === undefined ? {} : { app }, listener));
      signal.addEventListener("abort", () => stream.close());
      return { status: 200, type: TYPE, body: stream.toReadable() };
    },
  }),
];
