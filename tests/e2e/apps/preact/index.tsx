/** @jsxImportSource preact */
import { createContext } from "preact";
import { useContext, useMemo } from "preact/hooks";
import { renderToString, renderToStringAsync } from "preact-render-to-string";
import { renderToReadableStream } from "preact-render-to-string/stream";

const Theme = createContext("light");

function Item({ text }: { text: string }) {
  return <li class={useContext(Theme)}>{text}</li>;
}

function Page({ items, children }: { items: readonly string[]; children?: preact.ComponentChildren }) {
  const sorted = useMemo(() => [...items].sort(), [items]);
  return (
    <html>
      <body>
        <ul>{sorted.map((text) => <Item key={text} text={text} />)}</ul>
        {children}
      </body>
    </html>
  );
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const page = (
      <Theme.Provider value="dark">
        <Page items={searchParams.getAll("item")}>
          <p dangerouslySetInnerHTML={{ __html: "<b>raw</b>" }} />
        </Page>
      </Theme.Provider>
    );
    const headers = { "content-type": "text/html; charset=utf-8" };
    if (pathname === "/stream") return new Response(renderToReadableStream(page), { headers });
    return new Response(`<!doctype html>${pathname === "/async" ? await renderToStringAsync(page) : renderToString(page)}`, { headers });
  },
};
