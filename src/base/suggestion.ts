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
  if (wanted.length >= 4 && name.startsWith(wanted)) return 0.5;
  return isSwapped(wanted, name) ? 1 : leven(wanted, name);
}

/** Two neighbours have changed places, the commonest slip of all. */
function isSwapped(wanted: string, name: string): boolean {
  if (wanted.length !== name.length) return false;
  const at = [...name].findIndex((letter, i) => letter !== wanted[i]);
  return at >= 0 && name.slice(0, at) + (name[at + 1] ?? "") + (name[at] ?? "") + name.slice(at + 2) === wanted;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}
