// The app of `throughput` and `startup`, in the form that nano, workerd and Deno run unchanged, and Bun.serve through one line.
const chunk = new Uint8Array(65_536).fill(120);

const total = ({ items }) => items.reduce((sum, { value }) => sum + value, 0);

function stream() {
  let left = 16;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(chunk.slice());
      if (--left === 0) controller.close();
    },
  });
}

export default {
  async fetch(request) {
    const path = request.url.slice(request.url.indexOf("/", 8));
    if (path === "/hello") return new Response("Hello");
    if (path.startsWith("/head/")) return new Response(`${request.headers.get("user-agent")} ${path.slice(6)}`);
    if (path.startsWith("/url/")) return new Response(`${request.headers.get("user-agent")} ${new URL(request.url).pathname.slice(5)}`);
    if (path === "/json") {
      const body = await request.json();
      return Response.json({ ...body, count: body.items.length, sum: total(body) });
    }
    if (path === "/stream") return new Response(stream());
    return new Response("not found", { status: 404 });
  },
};
