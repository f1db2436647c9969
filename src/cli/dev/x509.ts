/**
 * Makes one kind of certificate: self-signed, ECDSA with P-256, for a server. Node's cryptography makes keys and signatures but no certificates, and libraries for
 * those bring a dozen packages for what are a few nested lists.
 */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";

export interface CertificateOptions {
  readonly commonName: string;
  /** DNS names, with wildcards, and IP addresses. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface KeyAndCertificate {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
}

/** Tags of ITU-T X.690. */
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const explicit = (n: number) => 0xa0 + n;
const implicit = (n: number) => 0x80 + n;

const COMMON_NAME = [2, 5, 4, 3];
const ECDSA_WITH_SHA256 = [1, 2, 840, 10045, 4, 3, 2];
const BASIC_CONSTRAINTS = [2, 5, 29, 19];
const KEY_USAGE = [2, 5, 29, 15];
const EXTENDED_KEY_USAGE = [2, 5, 29, 37];
const SUBJECT_ALT_NAME = [2, 5, 29, 17];
const SERVER_AUTH = [1, 3, 6, 1, 5, 5, 7, 3, 1];

const SERIAL_BYTES = 16;
const DNS_NAME = 2;
const IP_ADDRESS = 7;
/** RFC 5280, 4.1.2.5: UTCTime through 2049. */
const FIRST_GENERALIZED_YEAR = 2050;

/** https://www.rfc-editor.org/rfc/rfc5280#section-4.1 */
export function selfSigned({ commonName, names, notBefore, notAfter }: CertificateOptions): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, oid(COMMON_NAME), der(UTF8_STRING, Buffer.from(commonName)))));
  const algorithm = der(SEQUENCE, oid(ECDSA_WITH_SHA256));
  const serial = randomBytes(SERIAL_BYTES);
  // Positive, and of a fixed length.
  serial[0] = 0x40 | ((serial[0] as number) & 0x3f);
  const unsigned = der(
    SEQUENCE,
    der(explicit(0), der(INTEGER, Buffer.of(2))),
    der(INTEGER, serial),
    algorithm,
    name,
    der(SEQUENCE, time(notBefore), time(notAfter)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(explicit(3), der(SEQUENCE, ...extensions(names))),
  );
  const signature = sign("sha256", unsigned, privateKey);
  return { key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(), cert: pem(der(SEQUENCE, unsigned, algorithm, der(BIT_STRING, Buffer.of(0), signature))) };
}

/** https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1 */
function extensions(names: readonly string[]): readonly Buffer[] {
  const digitalSignature = der(BIT_STRING, Buffer.of(7, 0x80));
  return [
    extension(BASIC_CONSTRAINTS, true, der(SEQUENCE)),
    extension(KEY_USAGE, true, digitalSignature),
    extension(EXTENDED_KEY_USAGE, false, der(SEQUENCE, oid(SERVER_AUTH))),
    extension(SUBJECT_ALT_NAME, false, der(SEQUENCE, ...names.map((name) => (isIPv4(name) || isIPv6(name) ? der(implicit(IP_ADDRESS), addressBytes(name)) : der(implicit(DNS_NAME), Buffer.from(name, "latin1")))))),
  ];
}

function extension(id: readonly number[], isCritical: boolean, value: Buffer): Buffer {
  return der(SEQUENCE, oid(id), ...(isCritical ? [der(BOOLEAN, Buffer.of(0xff))] : []), der(OCTET_STRING, value));
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function oid([first = 0, second = 0, ...rest]: readonly number[]): Buffer {
  const bytes = rest.flatMap((value) => {
    const digits = [value & 0x7f];
    for (let left = value >> 7; left > 0; left >>= 7) digits.unshift(0x80 | (left & 0x7f));
    return digits;
  });
  return der(OID, Buffer.of(first * 40 + second, ...bytes));
}

function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/\..*$/, "").replace(/[-:T]/g, "")}Z`;
  return date.getUTCFullYear() < FIRST_GENERALIZED_YEAR ? der(UTC_TIME, Buffer.from(digits.slice(2))) : der(GENERALIZED_TIME, Buffer.from(digits));
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const groups = (text: string) => text.split(":").filter(Boolean).map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(head), groups(tail ?? "")];
  const all = tail === undefined ? before : [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function pem(bytes: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${bytes.toString("base64").replace(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}
