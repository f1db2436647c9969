/** The parts of untyped packages that are used. */
declare module "path-browserify" {
  const path: import("./support/path.ts").PosixPath;
  export default path;
}
declare module "readable-stream/lib/stream.js" {
  const Stream: import("./support/streams.ts").StreamModule;
  export default Stream;
}
