// The four probes, one to a path.
export default {
  async fetch(request) {
    const path = request.url.slice(request.url.indexOf("/", 8));
    if (path === "/spin") for (;;);
    if (path === "/redos") return new Response(String(/^(a+)+$/.test(`${"a".repeat(40)}b`)));
    if (path === "/microtasks") {
      const forever = () => Promise.resolve().then(forever);
      await forever();
    }
    if (path === "/memory") {
      const kept = [];
      for (;;) kept.push(new Uint8Array(1 << 20).fill(1));
    }
    return new Response("ok");
  },
};
