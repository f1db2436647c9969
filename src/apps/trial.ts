/** Finds out whether an app loads, and leaves nothing of it behind but what the disk cache keeps. */
import { Account } from "../isolate/scheduler.ts";
import { silent } from "../observe/observer.ts";
import { Revision, type RevisionServices } from "./revision.ts";

/** `revision` has not been asked for; if it turns out not to load it has been then, so that everybody is told. Resolves with whether it failed. */
export async function tryLoad(services: RevisionServices, revision: Revision): Promise<boolean> {
  if (revision.state !== "new" || !revision.mayLoad()) return false;
  const trial = new Revision({ ...services, observer: silent }, revision.config, new Account("nano:trial"), { number: revision.number, loadBundle: services.loadBundle, isTrial: true });
  const state = await trial.load();
  trial.close();
  return state === "failed" && revision.state === "new" && (await revision.load()) === "failed";
}
