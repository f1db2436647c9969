// The neighbour: a small honest app.
export default { fetch: () => new Response("ok") };
