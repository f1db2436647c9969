import page from "./page.html";

const encoder = new TextEncoder();
const MOST_TICKS = 100;

/** Server-sent events, one each `everyMs`. A client that leaves ends the stream; a slow one slows it. */
function ticks(count: number, everyMs: number): ReadableStream<Uint8Array> {
  let n = 0;
  return new ReadableStream({
    async pull(controller) {
      if (n > 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
      n++;
      controller.enqueue(encoder.encode(`data: ${JSON.stringify({ n, at: new Date().toISOString() })}\n\n`));
      if (n === count) controller.close();
    },
  });
}

function numberOf(text: string | null, standard: number, most: number): number {
  const number = Number(text ?? standard);
  return Number.isInteger(number) && number > 0 ? Math.min(number, most) : standard;
}

/** Text in upper case, as it passes by: nothing is ever held whole. */
function shouting(): TransformStream<string, string> {
  return new TransformStream({ transform: (text, controller) => controller.enqueue(text.toUpperCase()) });
}

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/") return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
    if (pathname === "/ticks") {
      const count = numberOf(searchParams.get("count"), 10, MOST_TICKS);
      return new Response(ticks(count, numberOf(searchParams.get("ms"), 1000, 10_000)), { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
    }
    if (pathname === "/shout" && request.body !== null)
      return new Response(request.body.pipeThrough(new TextDecoderStream()).pipeThrough(shouting()).pipeThrough(new TextEncoderStream()), { headers: { "content-type": "text/plain; charset=utf-8" } });
    return new Response("Not Found\n", { status: 404 });
  },
} satisfies Nano.Handler;
