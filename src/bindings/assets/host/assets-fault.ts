/** Why the static files of an app cannot be served, with the way out. */
export class AssetsFault extends Error {
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}
