import { expect, test } from "bun:test";
import { buildEngineFrom } from "../../../../build/engine/build-engine.ts";
import { enginePackage } from "./fixture.ts";

/** Builds from the package's wasm with glue in which `from` reads `to`. Fails when there is no `from`, so that no doctoring goes stale. */
function buildWithGlue(from: string, to: string) {
  expect(enginePackage.glue).toContain(from);
  return () => buildEngineFrom({ ...enginePackage, glue: enginePackage.glue.replace(from, to) });
}

test("a glue that no longer names a wanted export fails the build by that name", () => {
  expect(buildWithGlue("d._QTS_Call=b.ma;", "")).toThrow("the glue names no export QTS_Call");
  expect(buildWithGlue("Z.u();", "Z.u;")).toThrow("the glue names no export initialize");
  expect(buildWithGlue("ua=b.Ma;", "")).toThrow("the glue names no export stack_restore");
});

test("a glue that gives two answers for one export fails the build", () => {
  expect(buildWithGlue("d._malloc=b.v;", "d._malloc=b.v;d._malloc=b.w;")).toThrow("the glue names 2 exports malloc: v, w");
  expect(buildWithGlue("d._free=b.M;", "d._free=b.v;")).toThrow("the glue calls export v both malloc and free");
});

test("an export that takes other parameters than the driver gives fails the build", () => {
  expect(buildWithGlue("d._QTS_Call=b.ma;", "d._QTS_Call=b.sa;")).toThrow("export QTS_Call takes 3 parameters, expected 5");
  expect(buildWithGlue("d._QTS_Call=b.ma;", "d._QTS_Call=b.zz;")).toThrow("the wasm exports no function zz (QTS_Call)");
});

test("an import whose value has another shape fails the build and is quoted", () => {
  expect(buildWithGlue("p:()=>Date.now(),", "p:()=>performance.now(),")).toThrow("import p (:d) plays no known role: ()=>performance.now()");
  expect(buildWithGlue("shouldInterrupt", "mayInterrupt")).toThrow("import i (i:i) plays no known role");
  expect(buildWithGlue("l:()=>{Q=!1;S=0},", "")).toThrow("the glue gives no value for import l");
});

test("imports that change places fail the build, because their types tell", () => {
  expect(buildWithGlue("p:()=>Date.now(),k:", "k:()=>Date.now(),p:")).toThrow("plays no known role");
});

test("two imports of one role fail the build", () => {
  // environ_get and environ_sizes_get have the same type: only the shape tells them apart.
  const { glue } = enginePackage;
  const sizes = /f:(\(a,c\)=>\{var b=ra\(\).*?return 0\}),d:/s.exec(glue)?.[1] as string;
  const get = /,e:(\(a,c\)=>\{.*?return 0\}),f:/s.exec(glue)?.[1] as string;
  expect(buildWithGlue(`e:${get},`, `e:${sizes},`)).toThrow("imports e and f both play environ_sizes_get");
});

test("an exit import that is not the exit function fails the build", () => {
  expect(buildWithGlue("r:pa,", "r:qa,")).toThrow("import value qa is not the exit function");
});

test("a glue whose import object cannot be found fails the build", () => {
  expect(buildWithGlue("var c={a:xa};", "var c={env:xa};")).toThrow("the glue does not say which object holds the imports");
});
