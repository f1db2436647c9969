/** Asked for what is no file in `public/`. */
export default {
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/api/time") return Response.json({ now: new Date().toISOString() });
    return new Response("Not Found\n", { status: 404 });
  },
} satisfies Nano.Handler;
