/** Test data of web-platform-tests, which lies with its licence in tests/conformance/data. */
import { readFileSync } from "node:fs";

const DIRECTORY = `${import.meta.dir}/../../conformance/data`;

export const wptData = <T>(path: string): T => JSON.parse(readFileSync(`${DIRECTORY}/${path}`, "utf8")) as T;
