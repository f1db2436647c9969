/** A real browser: the Chromium that the machine has, without a window. */
import { chromium, type Browser } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Null where none is installed. */
export const BROWSER = NAMES.map((name) => Bun.which(name)).find((path) => path !== null) ?? null;

export function launchBrowser(): Promise<Browser> {
  if (BROWSER === null) throw new Error("there is no browser");
  // Chromium refuses to run as root within its sandbox.
  return chromium.launch({ executablePath: BROWSER, args: ["--disable-gpu", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])] });
}

/** How bright the ground of a page is (WCAG's relative luminance), and the least contrast of a text in it with what it stands on. */
export interface Contrasts {
  readonly paper: number;
  readonly palest: number;
}

/** For `page.evaluate`. */
export const CONTRASTS = `(() => {
  const channels = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).map((value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = getComputedStyle(document.body).backgroundColor;
  const ground = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if ((channels(color)[3] ?? 1) === 1) return color;
    }
    return paper;
  };
  const ratios = [...document.querySelectorAll("main *")]
    .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== ""))
    .map((element) => {
      const [a, b] = [luminance(getComputedStyle(element).color), luminance(ground(element))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    });
  return { paper: luminance(paper), palest: Math.min(...ratios) };
})()`;
