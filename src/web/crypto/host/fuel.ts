/** What host work costs, in fuel: 1 fuel is about 2 ns. */

/** Any call: the crossing, and the objects that the host makes for it. */
export const CALL_FUEL = 500;
/** Arguments are copied on their way to the thread that uses them. */
export const COPY_FUEL_PER_BYTE = 0.25;
/** A job of the queue: what is made for it on this thread, its way to another one and back. */
export const JOB_FUEL = 10_000;
