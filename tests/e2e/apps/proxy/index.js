/** Passes an upstream's answer on through a TransformStream that changes it on the way. */
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname === "/abort") {
      const controller = new AbortController();
      const upstream = await fetch(new URL("/endless", env.UPSTREAM), { signal: controller.signal });
      const { value } = await upstream.body.getReader().read();
      controller.abort();
      return new Response(`read ${value.byteLength > 0}`);
    }
    const upstream = await fetch(new URL(url.pathname + url.search, env.UPSTREAM), {
      method: request.method,
      headers: { "x-from": request.headers.get("x-from") ?? "nobody", accept: request.headers.get("accept") ?? "*/*" },
      body: request.body,
      redirect: "manual",
    });
    const upper = new TransformStream({
      transform(chunk, controller) {
        controller.enqueue(chunk.toUpperCase());
      },
      flush(controller) {
        controller.enqueue("|END");
      },
    });
    const body = upstream.body?.pipeThrough(new TextDecoderStream()).pipeThrough(upper).pipeThrough(new TextEncoderStream());
    const headers = new Headers(upstream.headers);
    headers.delete("content-length");
    headers.set("x-via", "nano");
    return new Response(body, { status: upstream.status, headers });
  },
};
