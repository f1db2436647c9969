/** Where a request's fuel went, in positions of the app's own source. */

export interface ProfiledFunction {
  /** `app`: a function in a file of the app; `nano`: of the engine or of nano; `host`: work of the host for the app. */
  readonly kind: "app" | "nano" | "host";
  /** Empty for a function without one. The app chooses it. */
  readonly name: string;
  /** Where it begins; empty and 0 unless it is the app's. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface ProfiledCall {
  readonly fn: ProfiledFunction;
  /** Of the function itself, without what it called. */
  readonly fuel: number;
  readonly calls: readonly ProfiledCall[];
}

export interface ProfileRecord {
  /** All that was burnt, to the unit. */
  readonly fuel: number;
  readonly samples: number;
  readonly calls: readonly ProfiledCall[];
}
