/** Media types by the end of a file's name. Text is UTF-8. */

const TEXT: Readonly<Record<string, string>> = {
  html: "text/html", htm: "text/html", css: "text/css", js: "text/javascript", mjs: "text/javascript", txt: "text/plain", md: "text/markdown", csv: "text/csv",
  xml: "application/xml", xsl: "application/xml", rss: "application/rss+xml", atom: "application/atom+xml", vtt: "text/vtt", ics: "text/calendar", vcf: "text/vcard",
};

const OTHER: Readonly<Record<string, string>> = {
  json: "application/json", map: "application/json", jsonld: "application/ld+json", geojson: "application/geo+json", webmanifest: "application/manifest+json", wasm: "application/wasm",
  svg: "image/svg+xml", png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp", avif: "image/avif", ico: "image/x-icon", bmp: "image/bmp",
  tif: "image/tiff", tiff: "image/tiff", jxl: "image/jxl", heic: "image/heic", woff: "font/woff", woff2: "font/woff2", ttf: "font/ttf", otf: "font/otf", eot: "application/vnd.ms-fontobject",
  mp3: "audio/mpeg", m4a: "audio/mp4", aac: "audio/aac", ogg: "audio/ogg", oga: "audio/ogg", opus: "audio/ogg", wav: "audio/wav", flac: "audio/flac", weba: "audio/webm",
  mp4: "video/mp4", m4v: "video/mp4", webm: "video/webm", ogv: "video/ogg", mov: "video/quicktime", m3u8: "application/vnd.apple.mpegurl", ts: "video/mp2t",
  pdf: "application/pdf", zip: "application/zip", gz: "application/gzip", tar: "application/x-tar", "7z": "application/x-7z-compressed", epub: "application/epub+zip", rtf: "application/rtf",
  glb: "model/gltf-binary", gltf: "model/gltf+json",
};

export function contentTypeOf(name: string): string {
  const ending = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  if (Object.hasOwn(TEXT, ending)) return `${TEXT[ending]}; charset=utf-8`;
  return (Object.hasOwn(OTHER, ending) ? OTHER[ending] : undefined) ?? "application/octet-stream";
}
