// Stands in front of every test app: environment, reporter of results, fetch handler.
// Uses only natives captured here, because tests are free to patch globals; of web APIs it needs
// no more than Response, and timers for the deadline.
const __n = {
  fetch: globalThis.fetch, Request: globalThis.Request, Response: globalThis.Response, URL: globalThis.URL,
  setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout,
  stringify: JSON.stringify, Promise: globalThis.Promise,
};
const __STATUS = ['PASS', 'FAIL', 'TIMEOUT', 'NOTRUN', 'PRECONDITION_FAILED'];
const __HARNESS = ['OK', 'ERROR', 'TIMEOUT', 'PRECONDITION_FAILED'];

// Sloppy-mode semantics for code that now runs in strict mode (see classic-script.ts).
function __wptSet(o, k, v) {
  if (o === null || o === undefined) throw new TypeError(`cannot set property of ${o}`);
  if (typeof o === 'object' || typeof o === 'function') Reflect.set(o, k, v);
  else Reflect.set(Object(o), k, v, o);
  return v;
}
function __wptDelete(o, k) { return Reflect.deleteProperty(Object(o), k); }
function __wptThis(t) { return t === undefined || t === null ? globalThis : typeof t === 'object' || typeof t === 'function' ? t : Object(t); }

function __define(name, value) {
  const old = Object.getOwnPropertyDescriptor(globalThis, name);
  try { Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: old?.enumerable ?? true }); } catch {}
}

function __environment(cfg) {
  if (globalThis.self !== globalThis) __define('self', globalThis);
  __define('GLOBAL', { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false });
  if (cfg.title) __define('META_TITLE', cfg.title);
  const loc = { ...cfg.location, toString: () => loc.href };
  try {
    const get = function location() {
      if (this !== globalThis && this !== undefined && this !== null) throw new TypeError('Illegal invocation');
      return loc;
    };
    Object.defineProperty(globalThis, 'location', { get, enumerable: true, configurable: true });
  } catch {}
  for (const k of cfg.implicitGlobals) if (!(k in globalThis)) __define(k, undefined);
  if (!cfg.relativeUrls) return;
  // Server runtimes have no base URL: resolve relative URLs given to fetch(), Request,
  // WebSocket and Response.redirect() against the test's location. Everything else is passed through untouched.
  const absolute = x => {
    if (!__n.URL || x instanceof __n.URL || (__n.Request && x instanceof __n.Request)) return x;
    if (typeof x !== 'string') try { x = `${x}`; } catch { return x; }
    try { new __n.URL(x); return x; } catch {}
    try { return new __n.URL(x, cfg.url).href; } catch { return x; }
  };
  if (__n.fetch) __define('fetch', function fetch(input, init) {
    return Reflect.apply(__n.fetch, globalThis, arguments.length ? [absolute(input), ...Array.prototype.slice.call(arguments, 1)] : []);
  });
  const redirect = __n.Response?.redirect;
  if (redirect) __n.Response.redirect = { redirect(url) { return Reflect.apply(redirect, this, arguments.length ? [absolute(url), ...Array.prototype.slice.call(arguments, 1)] : []); } }.redirect;
  for (const name of ['Request', 'WebSocket']) {
    const C = globalThis[name];
    if (typeof C !== 'function') continue;
    const P = new Proxy(C, {
      construct: (T, a, nt) => Reflect.construct(T, a.length ? [absolute(a[0]), ...a.slice(1)] : a, nt === P ? T : nt),
    });
    __define(name, P);
    try { Object.defineProperty(P.prototype, 'constructor', { value: P, writable: true, enumerable: false, configurable: true }); } catch {}
  }
}

function __run(cfg) {
  return new __n.Promise(resolve => {
    const out = { url: cfg.url, status: 'TIMEOUT', message: null, tests: [] };
    const timers = [];
    const finish = () => {
      for (const t of timers) __n.clearTimeout?.(t);
      resolve(out);
    };
    const collect = (tests, status) => {
      if (status) {
        out.status = out.status === 'ERROR' ? 'ERROR' : __HARNESS[status.status] ?? 'ERROR';
        out.message ??= status.message ?? null;
      }
      out.tests = tests.map(t => ({ name: String(t.name), status: __STATUS[t.status] ?? 'NOTRUN', message: t.message ? String(t.message).slice(0, 300) : undefined }));
    };
    const fail = e => {
      out.status = 'ERROR';
      try { out.message = String(e?.stack ?? e).slice(0, 1000); } catch { out.message = 'unprintable exception'; }
    };
    try {
      __environment(cfg);
      __harness.call(globalThis);
    } catch (e) { fail(e); return finish(); }
    const tests = globalThis.__wptTests;
    tests.wait_for_finish = true; // as in a dedicated worker: wait for done()
    globalThis.add_completion_callback((list, status) => { collect(list, status); finish(); });
    const stopAfter = ms => timers.push(__n.setTimeout?.(() => { // let testharness mark what is left, then report
      try { globalThis.timeout(); } catch {}
      timers.push(__n.setTimeout(() => { collect(tests.tests, null); finish(); }, 500));
    }, ms));
    stopAfter(cfg.deadline);
    try {
      __test.call(globalThis);
    } catch (e) {
      fail(e);
      if (tests.tests.length === 0) return finish();
      stopAfter(3000); // the script is broken off: only started tests can still finish
    }
    try { globalThis.done(); } catch (e) { fail(e); finish(); }
  });
}

let __result;
export default {
  async fetch() {
    __result ??= __run(__cfg);
    return new __n.Response(__n.stringify(await __result), { headers: { 'content-type': 'application/json' } });
  },
};
