import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { vectors } from "./vectors.ts";

const NODE = fileURLToPath(new URL("../../../../node_modules/.bin/node", import.meta.url));
const VECTORS = fileURLToPath(new URL("./vectors.ts", import.meta.url));
const EC = (size: number) => [3 * size + 1, 2 * size, true, false, false, true, true, true, true, "DataError", "DataError", "DataError", "DataError", "DataError", true];
const SIGNATURES = [true, false, false];

test("the primitives give what the RFCs say, and refuse what is damaged", async () => {
  expect(await vectors()).toEqual({
    hmac: ["5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"],
    hmacOfMuch: true,
    digest: ["a9993e364706816aba3e25717850c26c9cd0d89d", "34aa973cd4c4daa4f61eeb2bdbad27316534016f"],
    hkdf: ["3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865", "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"],
    pbkdf2: ["4b007901b765489abead49d926f721d065a429c1", "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"],
    keyWrap: ["1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5", "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21", "00112233445566778899aabbccddeeff", "OperationError"],
    gcm: ["42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47", "OperationError"],
    ctr: ["874d6191b620e3261bef6864990db6ce", "ec8cdf7398607cb0f2d21675ea9ea1e4688412675f6fc11e39c4ed0a2aa11d08"],
    cbc: ["7649abac8119b246cee98e9b12e9197d", "OperationError"],
    ed25519: ["fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a", true, false],
    ed448: [
      "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb00742802b8438ea4cb82169c235160627b4c3a9480",
      "26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f4352541b143c4b981b7e18f62de8ccdf633fc1bf037ab7cd779805e0dbcc0aae1cbcee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0ff3348ab21aa4adafd1d234441cf807c03a00",
      "d4f8f6131770dd46f40867d6fd5d5055de43541f8c5e35abbcd001b32a89f7d2151f7647f11d8ca2ae279fb842d607217fce6e042f6815ea000c85741de5c8da1144a6a1aba7f96de42505d7a7298524fda538fccbbb754f578c1cad10d54d0d5428407e85dcbc98a49155c13764e66c3c00",
      true,
      false,
      "OperationError",
    ],
    x25519: ["c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552", "c380", "OperationError", "OperationError"],
    x448: [
      "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0",
      "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282bb60c0b56fd2464c335543936521c24403085d59a449a5037514a879d",
      "OperationError",
    ],
    ec: [EC(32), EC(48), EC(66)],
    damaged: [
      ...Array(6).fill("DataError"),
      "NotSupportedError",
      "NotSupportedError",
      ...Array(5).fill("DataError"),
      "NotSupportedError",
      "OperationError",
      "OperationError",
      "TypeError",
    ],
    rsa: ["0000040000000003010001", true, "AQAB", Buffer.from("secret").toString("hex"), "OperationError", "OperationError", "OperationError", "DataError", [[...SIGNATURES, true], [...SIGNATURES, false]]],
  });
});

test("the primitives do the same under Node as under Bun", async () => {
  const script = `const { vectors } = await import(${JSON.stringify(VECTORS)}); console.log(JSON.stringify(await vectors()));`;
  const node = Bun.spawn([NODE, "--input-type=module", "--eval", script], { env: { PATH: process.env.PATH ?? "" }, stdout: "pipe", stderr: "pipe", timeout: 20_000 });
  const [output, errors] = await Promise.all([new Response(node.stdout).text(), new Response(node.stderr).text()]);
  expect([await node.exited, errors]).toEqual([0, ""]);
  expect(JSON.parse(output)).toEqual(await vectors());
}, 30_000);
