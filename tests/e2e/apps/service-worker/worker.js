const started = new Date(0).getFullYear();

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.pathname === "/later") event.waitUntil(Promise.resolve().then(() => console.log("event " + event.type)));
  if (url.pathname === "/silent") return;
  event.respondWith(handle(event.request, url));
});

async function handle(request, url) {
  if (url.pathname === "/digest") {
    const digest = await crypto.subtle.digest("SHA-256", await request.arrayBuffer());
    return new Response([...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
  }
  return new Response(`${request.method} ${url.pathname} ${started}`, { headers: { "x-kind": "service-worker" } });
}
