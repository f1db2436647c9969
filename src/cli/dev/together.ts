/** Several projects behind one port: `nano dev ./api ./web`. One list of apps, as if one config had them all. */
import type { Config } from "../../config/config.ts";
import { OperatorError } from "../../errors.ts";

/** `named`: as they stand on the command line. Server settings are those of the first that says its port, else of the first. */
export function together(configs: readonly [Config, ...Config[]], named: readonly string[]): Config {
  const [first] = configs;
  if (configs.length === 1) return first;
  const places = new Map<string, string>();
  for (const [i, { apps }] of configs.entries())
    for (const { name } of apps) {
      const place = places.get(name);
      if (place !== undefined) throw new OperatorError({ message: `two apps are called ${name}: one in ${place}, one in ${named[i]}`, hint: 'give one of them another "name"' });
      places.set(name, named[i] as string);
    }
  const files = configs.flatMap(({ file, envFiles }) => [...(file === null ? [] : [file]), ...envFiles]);
  return {
    ...(configs.find(({ hasPort }) => hasPort) ?? first),
    file: null,
    envFiles: [...new Set(files)],
    warnings: configs.flatMap(({ warnings }) => warnings),
    // Each of them would be alone.
    apps: configs.flatMap(({ apps }) => apps).map((app) => ({ ...app, isDefault: false })),
  };
}
