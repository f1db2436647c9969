export default {
  async fetch(request, env) {
    const upstream = await fetch(env.UPSTREAM + new URL(request.url).pathname);
    const decoder = new TextDecoder();
    const encoder = new TextEncoder();
    const shout = new TransformStream({
      transform(chunk, controller) {
        controller.enqueue(encoder.encode(decoder.decode(chunk, { stream: true }).toUpperCase()));
      },
    });
    return new Response(upstream.body.pipeThrough(shout), { status: upstream.status, headers: { "x-from": upstream.headers.get("x-from") } });
  },
};
