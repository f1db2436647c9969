// The least that Bun.serve can do: what the aims for hello and header+path are measured against.
const chunk = new Uint8Array(65_536).fill(120);

Bun.serve({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  development: false,
  async fetch(request) {
    const path = request.url.slice(request.url.indexOf("/", 8));
    if (path === "/hello") return new Response("Hello");
    if (path === "/json") {
      const body = await request.json();
      return Response.json({ ...body, count: body.items.length, sum: body.items.reduce((sum, item) => sum + item.value, 0) });
    }
    if (path.startsWith("/head/")) return new Response(`${request.headers.get("user-agent")} ${path.split("/").pop()}`);
    let left = 16;
    return new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(chunk.slice());
          if (--left === 0) controller.close();
        },
      }),
    );
  },
});
