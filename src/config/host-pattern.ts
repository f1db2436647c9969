/** Hostnames as the configuration writes them. */

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const IPV6 = /^\[[0-9a-f:.]+\]$/;

/** The canonical form of an exact name, `*.name` or an IPv6 literal in brackets; null when it is none of them. */
export function canonicalPattern(text: string): string | null {
  const name = text.toLowerCase().replace(/\.$/, "");
  if (name.length > 253) return null;
  if (IPV6.test(name)) return URL.canParse(`http://${name}/`) ? new URL(`http://${name}/`).hostname : null;
  const labels = (name.startsWith("*.") ? name.slice(2) : name).split(".");
  return labels.every((label) => LABEL.test(label)) ? name : null;
}
