import { describe, expect, test } from "bun:test";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmod, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { devCertificate } from "../../../../src/cli/dev/certificate.ts";
import { selfSigned } from "../../../../src/cli/dev/x509.ts";
import { temporaryFolder } from "../../../harness/nano.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const DAY_MS = 86_400_000;

describe("a certificate", () => {
  const make = (notAfter: Date, names: readonly string[] = ["localhost", "*.localhost", "127.0.0.1", "2001:db8::1:2", "::1"]) => selfSigned({ commonName: "a test", names, notBefore: NOW, notAfter });

  test("says what it was asked to say, and its key is its own", () => {
    const { key, cert } = make(new Date("2027-01-02T03:04:05Z"));
    const certificate = new X509Certificate(cert);
    expect(certificate.subject).toBe("CN=a test");
    expect(certificate.issuer).toBe("CN=a test");
    expect(certificate.subjectAltName).toBe("DNS:localhost, DNS:*.localhost, IP Address:127.0.0.1, IP Address:2001:DB8:0:0:0:0:1:2, IP Address:0:0:0:0:0:0:0:1");
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(certificate.ca).toBe(false);
    expect([Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]).toEqual([NOW.getTime(), Date.parse("2027-01-02T03:04:05Z")]);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(make(new Date(NOW.getTime() + DAY_MS)).cert).not.toBe(cert);
  });

  test("may be good until after 2049, and for many names", () => {
    const names = Array.from({ length: 200 }, (_, i) => `app-${i}.localhost`);
    const certificate = new X509Certificate(make(new Date("2051-06-01T00:00:00Z"), names).cert);
    expect(Date.parse(certificate.validTo)).toBe(Date.parse("2051-06-01T00:00:00Z"));
    expect(certificate.checkHost("app-199.localhost")).toBe("app-199.localhost");
  });

  test("is accepted by a client that trusts it, and by no other", async () => {
    const { key, cert } = selfSigned({ commonName: "a test", names: ["localhost"], notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) });
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, tls: { key, cert }, fetch: () => new Response("secure") });
    const url = `https://localhost:${server.port}/`;
    expect(await (await fetch(url, { tls: { ca: cert } })).text()).toBe("secure");
    expect(fetch(url)).rejects.toThrow();
    await server.stop(true);
  });
});

describe("the certificate of nano dev", () => {
  test("is made once, for its user alone", async () => {
    const folder = join(await temporaryFolder({}), "state", "nano");
    const first = devCertificate(folder, [], NOW);
    expect(first.madeForDays).toBe(365);
    expect(devCertificate(folder, [], new Date(NOW.getTime() + 300 * DAY_MS))).toEqual({ ...first, madeForDays: null });
    expect(await readFile(first.file, "utf8")).toBe(first.cert);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const name of ["localhost.pem", "localhost.crt"]) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  });

  test("is made anew when it is about to run out, is broken, or others could read its key", async () => {
    const folder = await temporaryFolder({});
    const both = join(folder, "localhost.pem");
    let last = devCertificate(folder, [], NOW);
    const isNew = (now: Date) => {
      const { cert, madeForDays } = devCertificate(folder, [], now);
      const isOther = cert !== last.cert && madeForDays !== null;
      last = devCertificate(folder, [], now);
      return isOther;
    };
    const later = new Date(NOW.getTime() + 359 * DAY_MS);
    expect(isNew(new Date(NOW.getTime() + 357 * DAY_MS))).toBe(false);
    expect(isNew(later)).toBe(true);
    await chmod(both, 0o644);
    expect(isNew(later)).toBe(true);
    await Bun.write(both, "nothing");
    await chmod(both, 0o600);
    expect(isNew(later)).toBe(true);
    await Bun.write(both, devCertificate(await temporaryFolder({}), [], later).key + last.cert);
    await chmod(both, 0o600);
    expect(isNew(later)).toBe(true);
  });

  test("names the apps that are there and those that were, each by itself", async () => {
    const folder = await temporaryFolder({});
    const checks = (cert: string) => ["localhost", "shop.localhost", "blog.localhost"].map((name) => new X509Certificate(cert).checkHost(name, { wildcards: false }) !== undefined);
    const first = devCertificate(folder, ["shop.localhost"], NOW);
    expect(checks(first.cert)).toEqual([true, true, false]);
    expect(devCertificate(folder, [], NOW).cert).toBe(first.cert);
    const second = devCertificate(folder, ["blog.localhost"], NOW);
    expect(checks(second.cert)).toEqual([true, true, true]);
    expect(devCertificate(folder, ["shop.localhost", "blog.localhost"], NOW).madeForDays).toBeNull();
  });

  test("needs a folder that can be written to, and says so", async () => {
    expect(() => devCertificate(undefined, [], NOW)).toThrow("set HOME, or XDG_STATE_HOME");
    const folder = await temporaryFolder({ state: "a file" });
    expect(() => devCertificate(join(folder, "state"), [], NOW)).toThrow(/localhost\.pem: the certificate of --https cannot be kept \(E\w+\)/);
  });
});
