// The same app on nothing but Bun.serve: what the aims for hello and header+path are measured against.
import app from "./worker.js";

Bun.serve({ port: Number(process.argv[2]), hostname: "127.0.0.1", development: false, fetch: app.fetch });
