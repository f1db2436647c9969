/** The certificate of `nano dev --https`: made once, kept in the user's state folder for that user alone, made anew when it has run out or lacks the name of an app. */
import { X509Certificate, createPrivateKey } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OperatorError } from "../../errors.ts";
import { type KeyAndCertificate, selfSigned } from "./x509.ts";

const DAY_MS = 86_400_000;
/** Browsers distrust what is good for longer than 398 days. */
const GOOD_FOR_DAYS = 365;
/** Nobody wants it to run out in the middle of a session. */
const LEAST_DAYS_LEFT = 7;
/** Clocks of other devices may be behind. */
const LEEWAY_MS = DAY_MS;
/** Of names that came with apps, the newest are kept. */
const MOST_APP_NAMES = 100;
const NAMES: readonly string[] = ["localhost", "*.localhost", "127.0.0.1", "::1"];
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
const OTHERS = 0o077;

export interface DevCertificate extends KeyAndCertificate {
  /** The certificate alone, for those who want to trust it. */
  readonly file: string;
  /** It has just been made, and is good for so many days. */
  readonly madeForDays: number | null;
}

/** `appNames`: below localhost, besides `*.localhost`, which Node, curl and Firefox take for too wide a wildcard. Throws OperatorError where nothing can be kept. */
export function devCertificate(stateFolder: string | undefined, appNames: readonly string[], now: Date): DevCertificate {
  if (stateFolder === undefined) throw new OperatorError({ message: "there is no folder to keep the certificate of --https in", hint: "set HOME, or XDG_STATE_HOME to an absolute path" });
  const file = join(stateFolder, "localhost.crt");
  // Key and certificate are one file, so that they always belong together.
  const both = join(stateFolder, "localhost.pem");
  const kept = read(both, now);
  const wanted = appNames.slice(0, MOST_APP_NAMES);
  if (kept !== null && wanted.every((name) => kept.appNames.includes(name))) return { key: kept.key, cert: kept.cert, file, madeForDays: null };
  const names = [...NAMES, ...[...new Set([...wanted, ...(kept?.appNames ?? [])])].slice(0, MOST_APP_NAMES)];
  const made = selfSigned({ commonName: "localhost (nano dev)", names, notBefore: new Date(now.getTime() - LEEWAY_MS), notAfter: new Date(now.getTime() + GOOD_FOR_DAYS * DAY_MS) });
  try {
    mkdirSync(stateFolder, { recursive: true, mode: PRIVATE_FOLDER });
    write(both, made.key + made.cert);
    write(file, made.cert);
  } catch (error) {
    throw new OperatorError({ file: both, message: `the certificate of --https cannot be kept (${(error as { code?: string }).code ?? String(error)})`, hint: "make the folder writable, or set XDG_STATE_HOME to one that is" });
  }
  return { ...made, file, madeForDays: GOOD_FOR_DAYS };
}

/** Null for what is missing, broken, about to run out, or was open to others. */
function read(file: string, now: Date): (KeyAndCertificate & { readonly appNames: readonly string[] }) | null {
  try {
    if ((statSync(file).mode & OTHERS) !== 0 && process.platform !== "win32") return null;
    const text = readFileSync(file, "utf8");
    const at = text.indexOf("-----BEGIN CERTIFICATE-----");
    const [key, cert] = [text.slice(0, at), text.slice(at)];
    const certificate = new X509Certificate(cert);
    const isGood = Date.parse(certificate.validTo) - now.getTime() > LEAST_DAYS_LEFT * DAY_MS && certificate.checkPrivateKey(createPrivateKey(key));
    const dnsNames = (certificate.subjectAltName ?? "").split(", ").flatMap((text) => (text.startsWith("DNS:") ? [text.slice("DNS:".length)] : []));
    return isGood ? { key, cert, appNames: dnsNames.filter((name) => !NAMES.includes(name)) } : null;
  } catch {
    return null;
  }
}

/** Whole or not at all: another nano may read it, or make one too. */
function write(file: string, text: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text, { mode: PRIVATE_FILE });
  chmodSync(draft, PRIVATE_FILE);
  renameSync(draft, file);
}
