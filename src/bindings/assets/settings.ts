/** What an operator says about the static files of an app. Names and meanings are those of Cloudflare's `assets`. */

export const HTML_HANDLINGS = ["auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash", "none"] as const;
export const NOT_FOUND_HANDLINGS = ["none", "404-page", "single-page-application"] as const;

export type HtmlHandling = (typeof HTML_HANDLINGS)[number];
export type NotFoundHandling = (typeof NOT_FOUND_HANDLINGS)[number];

export interface AssetsSettings {
  /** Absolute path. */
  readonly directory: string;
  /** Under which name the app's code finds them in `env`; null: under none. */
  readonly binding: string | null;
  readonly htmlHandling: HtmlHandling;
  readonly notFoundHandling: NotFoundHandling;
  /** The app's code sees every request first, or those whose path matches; `!` in front: those it never sees. */
  readonly runWorkerFirst: boolean | readonly string[];
}
