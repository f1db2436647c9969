addEventListener("fetch", (event) => {
  event.respondWith(handle(event.request));
});

async function handle(request) {
  return new Response(`${request.method} ${new URL(request.url).pathname}`, { headers: { "x-kind": "service worker" } });
}
