/** @jsxImportSource preact */
import { render } from "preact-render-to-string";

const List = ({ items }: { items: readonly string[] }) => (
  <ul class="list">
    {items.map((item) => (
      <li key={item}>{item}</li>
    ))}
  </ul>
);

export default {
  fetch: () => new Response(`<!doctype html>${render(<List items={["a", "<b>", "c & d"]} />)}`, { headers: { "content-type": "text/html;charset=utf-8" } }),
};
