/** Random guest programs that always end: small loops, few operations, results as JSON. Every one is a pure function of its text. */
import fc from "fast-check";

const VARIABLES = ["a", "b", "c", "d"];

/** What the program sees as its variables at the start. */
const STARTS = ["7", "-2.5", "0", "'text'", "'ünï✓'", "[3, 1, 2]", "[]", "{ k: 1, l: [2] }", "12345678901234567890n", "null", "undefined", "true", "new Map([[1, 2]])", "/(\\w)(\\d)?/g", "new Uint8Array([9, 8, 7])", "new Date(86400000)", "NaN"];

const variable = fc.constantFrom(...VARIABLES);
const literal = fc.oneof(
  variable,
  fc.integer({ min: -1000, max: 1000 }).map((value) => `(${value})`),
  fc.constantFrom("0.1", "1e21", "-0", "2n", "'x1y22'", "'é✓'", "''", "[1, [2, 3], , 4]", "({ x: 1, get y() { return this.x + 1 } })", "null", "undefined", "true", "/[a-z]+(?<n>\\d*)/g", "Symbol.iterator", "(() => 5)"),
);

const { expression } = fc.letrec<{ expression: string }>((tie) => {
  const sub = tie("expression");
  const fill = (...parts: readonly string[]) => fc.tuple(sub, sub).map(([x, y]) => parts.map((part) => (part === "$x" ? x : part === "$y" ? y : part)).join(""));
  return {
    expression: fc.oneof(
      { maxDepth: 4, depthIdentifier: "expression" },
      literal,
      fc.tuple(fc.constantFrom("+", "-", "*", "/", "%", "<", "<=", "===", "==", "&", "|", "^", "<<", ">>", ">>>", "&&", "||", "??", "in", "instanceof"), sub, sub).map(([operator, x, y]) => `(${x} ${operator} ${y})`),
      fc.tuple(fc.constantFrom("-", "+", "!", "~", "typeof ", "void "), sub).map(([operator, x]) => `(${operator}(${x}))`),
      fill("(", "$x", " ? ", "$y", " : ", "$x", ")"),
      fill("`<${", "$x", "}|${", "$y", "}>`.slice(0, 300)"),
      fill("[", "$x", ", ...asList(", "$y", ")]"),
      fill("({ p: ", "$x", ", [key(", "$y", ")]: 2 })"),
      fill("text(", "$x", ").replace(/(\\d+)|([aeiou])/g, (m, n) => n ? n * 2 : ", "$y", ")"),
      fill("asList(", "$x", ").map((v, i) => [v, i, ", "$y", "])"),
      fill("asList(", "$x", ").filter((v) => v > ", "$y", ").length"),
      fill("asList(", "$x", ").reduce((t, v) => String(t).slice(0, 40) + key(v), ", "$y", ")"),
      fill("asList(", "$x", ").sort((p, q) => key(p) < key(q) ? -1 : 1)"),
      fill("text(", "$x", ").split(key(", "$y", ").slice(0, 1))"),
      fill("text(", "$x", ").padStart(12, key(", "$y", "))"),
      fill("((p, { q = 3, ...r } = {}, ...s) => [p, q, r, s.length])(", "$x", ", ", "$y", ")"),
      fill("(([p, [q] = [1], ...r]) => ({ p, q, r }))([", "$x", ", [", "$y", "], 1, 2])"),
      fill("(() => { try { return ", "$x", "; } catch (e) { return e.name + key(", "$y", "); } finally { count++; } })()"),
      fill("[...(function* () { const got = yield ", "$x", "; yield* asList(", "$y", "); return got; })()]"),
      fill("(BigInt(Math.trunc(Number(", "$x", ")) || 3) ** 5n / (BigInt(count) + 1n) % 1000003n)"),
      fill("JSON.stringify([", "$x", ", ", "$y", "], (k, v) => typeof v === 'bigint' ? v + 'n' : v).slice(0, 300)"),
      fill("new (class extends Array { #s = ", "$x", "; get s() { return this.#s; } static of2(v) { return [v]; } })(3).s"),
      fill("Object.entries(Object(", "$x", ")).slice(0, 5).concat(", "$y", ")"),
      fill("new Set([", "$x", ", ", "$y", ", ", "$x", "]).size"),
      fill("new Float64Array([", "$x", ", 2, 3]).fill(1, 2).at(-1)"),
      fill("[...text(", "$x", ").matchAll(/(.)(?=.)/gu)].length"),
    ),
  };
});

const { statement } = fc.letrec<{ statement: string }>((tie) => {
  const body = fc.array(tie("statement") as fc.Arbitrary<string>, { maxLength: 3, depthIdentifier: "statement" }).map((statements) => statements.join("\n"));
  return {
    statement: fc.oneof(
      { maxDepth: 3, depthIdentifier: "statement" },
      fc.tuple(variable, expression).map(([name, value]) => `${name} = ${value};`),
      expression.map((value) => `out(${value});`),
      fc.tuple(variable, expression).map(([name, value]) => `${name} = ((v) => () => [v, ${name}])(${value})();`),
      fc.tuple(expression, body, body).map(([test, yes, no]) => `if (${test}) { ${yes} } else { ${no} }`),
      fc.tuple(fc.integer({ min: 1, max: 9 }), body).map(([times, inner]) => `for (let i = 0; i < ${times} && spare(); i++) { ${inner} out(i); }`),
      fc.tuple(expression, body).map(([list, inner]) => `for (const v of asList(${list})) { if (!spare()) break; ${inner} out(v); }`),
      fc.tuple(expression, body).map(([object, inner]) => `for (const k in Object(${object})) { if (!spare()) break; ${inner} out(k); }`),
      fc.tuple(body, expression, body).map(([attempt, thrown, handler]) => `try { ${attempt} throw ${thrown}; } catch (e) { out(e); ${handler} } finally { out("finally"); }`),
      fc.tuple(expression, body, body).map(([value, first, second]) => `switch (key(${value}).length % 3) { case 0: ${first} case 1: ${second} break; default: out("other"); }`),
      body.map((inner) => `(() => { outer: do { while (spare()) { ${inner} if (count % 3) continue outer; break outer; } } while (spare()); })();`),
    ),
  };
});

export const program: fc.Arbitrary<string> = fc
  .tuple(fc.array(fc.constantFrom(...STARTS), { minLength: 4, maxLength: 4 }), fc.array(statement, { minLength: 1, maxLength: 6 }))
  .map(
    ([starts, statements]) => `(() => {
let ${VARIABLES.map((name, i) => `${name} = ${starts[i]}`).join(", ")}, count = 0, steps = 120;
const outputs = [];
const spare = () => --steps > 0;
const key = (v) => { try { return String(v).slice(0, 30); } catch (e) { return e.name; } };
const text = (v) => String(v).slice(0, 200);
const asList = (v) => v != null && typeof v[Symbol.iterator] === "function" ? [...v].slice(0, 6) : [v];
const show = (v, depth) => typeof v === "object" && v !== null && depth < 3
  ? Object.prototype.toString.call(v) + Object.keys(v).slice(0, 8).map((k) => k + ":" + show(v[k], depth + 1)) : typeof v + key(v);
const out = (v) => { if (outputs.length < 60) outputs.push(show(v, 0)); };
try { ${statements.join("\n")} } catch (e) { outputs.push("ended by " + key(e) + " " + (e && e.stack)); }
return outputs.concat(${VARIABLES.map((name) => `show(${name}, 0)`).join(", ")}, count, steps).join("\\n");
})()`,
  );
