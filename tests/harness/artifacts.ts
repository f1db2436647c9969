/** The engine and the base snapshot with all rooms, built once per test process. */
import { buildArtifacts } from "../../build/artifacts.ts";
import { type LoadedArtifacts, loadArtifacts } from "../../src/artifacts.ts";

let loaded: Promise<LoadedArtifacts> | null = null;

export function testArtifacts(): Promise<LoadedArtifacts> {
  loaded ??= buildArtifacts("test").then(loadArtifacts);
  return loaded;
}
