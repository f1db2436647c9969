// The app of the throughput benchmark, in the form that nano, workerd and Deno run unchanged.
const chunk = new Uint8Array(65_536).fill(120);

export default {
  async fetch(request) {
    const path = request.url.slice(request.url.indexOf("/", 8));
    if (path === "/hello") return new Response("Hello");
    if (path === "/json") {
      const body = await request.json();
      return Response.json({ ...body, count: body.items.length, sum: body.items.reduce((sum, item) => sum + item.value, 0) });
    }
    if (path.startsWith("/head/")) return new Response(`${request.headers.get("user-agent")} ${path.split("/").pop()}`);
    if (path === "/stream") {
      let left = 16;
      return new Response(
        new ReadableStream({
          pull(controller) {
            controller.enqueue(chunk.slice());
            if (--left === 0) controller.close();
          },
        }),
      );
    }
    return new Response("not found", { status: 404 });
  },
};
