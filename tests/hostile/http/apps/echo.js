// Tells what an app sees of a request. The suite runs it in a pipeline of its own, or deployed as `app.test`.
export default {
  async fetch(request) {
    const path = new URL(request.url).pathname;
    if (path === "/ok") return new Response("ok", { headers: { "content-type": "text/plain" } });
    if (path === "/ignore") return new Response("ignored", { headers: { "content-type": "text/plain" } });
    const body = request.body === null ? "" : await request.text();
    const seen = { method: request.method, url: request.url, headers: Object.fromEntries(request.headers), bodyBytes: body.length };
    return Response.json(seen);
  },
};
