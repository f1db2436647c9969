/** The name that somebody may have meant by another one. */
import leven from "leven";

const MAX_LENGTH = 64;

/** The nearest of `known` to `given`, when it is near enough to be meant: spelled otherwise (`maxBodyMb`), cut short (`timeout`) or mistyped. */
export function suggest(given: string, known: readonly string[]): string | undefined {
  if (given.length > MAX_LENGTH) return undefined;
  const wanted = plain(given);
  const [best] = known
    .map((name) => ({ name, distance: distance(wanted, plain(name)) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.min(2, Math.floor(name.length / 3))))
    .sort((a, b) => a.distance - b.distance);
  return best?.name;
}

function distance(wanted: string, name: string): number {
  if (wanted === name) return 0;
  return wanted.length >= 4 && name.startsWith(wanted) ? 0.5 : leven(wanted, name);
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}
