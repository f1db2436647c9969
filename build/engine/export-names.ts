/** Which minified export of the engine is which function, read from the glue. Throws when a wanted one is missing or ambiguous. */

/** Every export that nano keeps, with its parameter count. The others are stripped: instantiation time grows with exports. */
export const ENGINE_EXPORTS: Readonly<Record<string, number>> = {
  /** The constructors of the C program; to be called once per fresh instance, before anything else. */
  initialize: 0,
  /** The C stack pointer: to be read while no guest frame is on the stack, and put back after a host exception has unwound one. */
  stack_current: 0,
  stack_restore: 1,
  malloc: 1,
  free: 1,
  QTS_NewRuntime: 0,
  QTS_NewContext: 2,
  QTS_RuntimeSetMaxStackSize: 2,
  QTS_RuntimeEnableInterruptHandler: 1,
  QTS_NewString: 2,
  QTS_NewObject: 1,
  QTS_NewArrayBuffer: 3,
  QTS_NewFunction: 5,
  QTS_SetProp: 4,
  QTS_GetProp: 3,
  QTS_GetUndefined: 0,
  QTS_DupValuePointer: 2,
  QTS_FreeValuePointer: 2,
  QTS_ResolveException: 2,
  QTS_Throw: 2,
  QTS_Dump: 2,
  QTS_IsJobPending: 1,
  QTS_Eval: 6,
  QTS_Call: 5,
  QTS_ExecutePendingJob: 3,
};

/** Maps minified name → real name, in the order of `wanted`. */
export function deriveExportNames(glue: string, wanted: Iterable<string>): Map<string, string> {
  const found = new Map<string, Set<string>>();
  const note = (name: string, minified: string) => found.set(name, (found.get(name) ?? new Set()).add(minified));
  for (const [, name, minified] of glue.matchAll(/\b[A-Za-z_$]+\._(\w+)=b\.([\w$]+);/g)) note(name as string, minified as string);
  // The glue runs the constructors as the first thing after instantiation: `ba=!0;Z.u();`.
  for (const [, minified] of glue.matchAll(/calledRun=!0;if\(![\w$]+\)\{[\w$]+=!0;[\w$]+\.([\w$]+)\(\);/g)) note("initialize", minified as string);
  // `0===h&&(h=ta())` … `0!==h&&ua(h)`, and where those two are set.
  for (const [name, use] of [["stack_current", /0===(\w)&&\(\1=([\w$]+)\(\)\)/g], ["stack_restore", /0!==(\w)&&([\w$]+)\(\1\)/g]] as const)
    for (const [, , variable] of glue.matchAll(use))
      for (const [, minified] of glue.matchAll(new RegExp(`[;\\s]${(variable as string).replaceAll("$", "\\$")}=b\\.([\\w$]+);`, "g"))) note(name, minified as string);

  const names = new Map<string, string>();
  for (const name of wanted) {
    const candidates = [...(found.get(name) ?? [])];
    const [minified] = candidates;
    if (minified === undefined) throw new Error(`the glue names no export ${name}`);
    if (candidates.length > 1) throw new Error(`the glue names ${candidates.length} exports ${name}: ${candidates.join(", ")}`);
    const other = names.get(minified);
    if (other !== undefined) throw new Error(`the glue calls export ${minified} both ${other} and ${name}`);
    names.set(minified, name);
  }
  return names;
}
