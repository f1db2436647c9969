// Server-sent events: one a second, as long as the client listens.
export default {
  fetch(request) {
    const encoder = new TextEncoder();
    let count = 0;
    const events = new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, count === 0 ? 0 : 1000));
        controller.enqueue(encoder.encode(`data: ${++count}\n\n`));
        if (count === 60 || request.signal.aborted) controller.close();
      },
    });
    return new Response(events, { headers: { "content-type": "text/event-stream" } });
  },
};
