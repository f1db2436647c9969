// Passes requests on to env.UPSTREAM and shouts what comes back, without ever holding the whole of it.
export default {
  async fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    const response = await fetch(env.UPSTREAM + pathname + search, { method: request.method, headers: { accept: request.headers.get("accept") ?? "*/*" } });
    const decoder = new TextDecoder();
    const encoder = new TextEncoder();
    const shout = new TransformStream({
      transform(chunk, controller) {
        controller.enqueue(encoder.encode(decoder.decode(chunk, { stream: true }).toUpperCase()));
      },
    });
    return new Response(response.body?.pipeThrough(shout) ?? null, { status: response.status, headers: { "content-type": response.headers.get("content-type") ?? "text/plain" } });
  },
};
