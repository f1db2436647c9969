/** How host primitives fail towards the guest: as the standard says, and with nothing of the host's own words. */
import { GuestError } from "../../../isolate/guest-error.ts";

export const operationError = (message: string): GuestError => new GuestError("OperationError", message);
export const dataError = (message: string): GuestError => new GuestError("DataError", message);

/** What `work` gives; whatever it throws is an OperationError. */
export async function orOperationError<T>(message: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch {
    throw operationError(message);
  }
}

/** What `read` gives; whatever it throws is a DataError. */
export function orDataError<T>(message: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw dataError(message);
  }
}
