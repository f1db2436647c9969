/** Forms as the other rooms use them, without loading the room before one is needed. */
import { lazyRoom } from "../../infra/guest/rooms.ts";
import type { FormData } from "../guest.ts";

const room = lazyRoom<typeof import("../guest.ts")>("form-data");
type Room = typeof import("../guest.ts");

export const isFormData = (value: unknown): value is FormData => room.loaded?.isFormData(value) === true;
export const formEntries: Room["formEntries"] = (form) => room.use().formEntries(form);
export const formOf: Room["formOf"] = (entries) => room.use().formOf(entries);
export const parseMultipart: Room["parseMultipart"] = (bytes, boundary) => room.use().parseMultipart(bytes, boundary);
export const serializeMultipart: Room["serializeMultipart"] = (entries, boundary) => room.use().serializeMultipart(entries, boundary);
