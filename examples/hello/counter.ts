// Globals live as long as the isolate. Another isolate of the same app, or the next one, starts from the app's snapshot again.
let visits = 0;

export default {
  async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname === "/spin") for (;;);
    visits++;
    return Response.json({ visits, host: request.headers.get("host") });
  },
};
