/**
 * Tests are classic scripts, and the app that they become is a module, whose code is always strict. This rewrites what means something else there, so that no
 * eval is needed: `a.b = v` and `delete a.b` fail in silence, `this` of a plain call is the global object. And it finds assignments to names that nobody declares.
 */
import { type AnyNode, type ArrowFunctionExpression, type FunctionDeclaration, type FunctionExpression, type Node, type Pattern, type Program, parse } from "acorn";

export interface ModuleScript {
  readonly code: string;
  /** Names declared at the top. */
  readonly declared: ReadonlySet<string>;
  /** Names assigned and declared in no function around. */
  readonly assigned: ReadonlySet<string>;
}

type AnyFunction = FunctionDeclaration | FunctionExpression | ArrowFunctionExpression;
type Edit = readonly [start: number, end: number, text: string];

const isFunction = (node: Node): node is AnyFunction => ["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"].includes(node.type);
const isStrict = (body: readonly AnyNode[]): boolean => body.some((node) => "directive" in node && node.directive === "use strict");
const childrenOf = (node: Node): AnyNode[] => Object.values(node).flat().filter((value) => typeof (value as Node | null)?.type === "string") as AnyNode[];

function addNames(pattern: Pattern | AnyNode | null, names: Set<string>): void {
  switch (pattern?.type) {
    case "Identifier":
      names.add(pattern.name);
      break;
    case "Property":
      addNames(pattern.value, names);
      break;
    case "RestElement":
      addNames(pattern.argument, names);
      break;
    case "AssignmentPattern":
      addNames(pattern.left, names);
      break;
    case "ArrayPattern":
      for (const element of pattern.elements) addNames(element, names);
      break;
    case "ObjectPattern":
      for (const property of pattern.properties) addNames(property, names);
      break;
    default:
  }
}

/** All names declared in a function or program: blocks are taken together, functions inside left out. */
function declaredIn(root: Program | AnyFunction): Set<string> {
  const names = new Set<string>();
  if (root.type !== "Program") for (const parameter of root.params) addNames(parameter, names);
  if (root.type === "FunctionExpression" && root.id != null) names.add(root.id.name);
  const visit = (node: AnyNode): void => {
    if (node !== root) {
      if ((node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") && node.id != null) names.add(node.id.name);
      if (isFunction(node)) return;
      if (node.type === "VariableDeclarator") addNames(node.id, names);
      if (node.type === "CatchClause") addNames(node.param ?? null, names);
    }
    for (const child of childrenOf(node)) visit(child);
  };
  visit(root);
  return names;
}

export function toModuleScript(source: string): ModuleScript {
  const program = parse(source, { ecmaVersion: "latest", sourceType: "script", preserveParens: true, allowHashBang: true });
  const edits: Edit[] = [];
  const declared = declaredIn(program);
  const assigned = new Set<string>();

  const visit = (node: AnyNode, wasStrict: boolean, outer: readonly ReadonlySet<string>[]): void => {
    let strict = wasStrict || node.type === "ClassBody";
    let scopes = outer;
    if (isFunction(node)) {
      strict ||= node.body.type === "BlockStatement" && isStrict(node.body.body);
      scopes = [...outer, declaredIn(node)];
    } else if (node.type === "Program") strict ||= isStrict(node.body);

    const target = assignmentTarget(node);
    if (target !== null) {
      const names = new Set<string>();
      if (target.type === "Identifier" || target.type.endsWith("Pattern")) addNames(target, names);
      for (const name of names) if (!scopes.some((scope) => scope.has(name))) assigned.add(name);
    }
    if (!strict) edits.push(...rewrites(node));
    for (const child of childrenOf(node)) visit(child, strict, scopes);
  };
  visit(program, false, [declared]);

  // By position; of those at one position, the ones that end there have come first.
  edits.sort((a, b) => a[0] - b[0]);
  let code = "";
  let at = 0;
  for (const [start, end, text] of edits) {
    code += source.slice(at, start) + text;
    at = Math.max(at, end);
  }
  return { code: code + source.slice(at), declared, assigned };
}

function assignmentTarget(node: AnyNode): AnyNode | null {
  if (node.type === "AssignmentExpression") return node.left;
  if (node.type === "UpdateExpression") return node.argument;
  if (node.type === "ForInStatement" || node.type === "ForOfStatement") return node.left.type === "VariableDeclaration" ? null : node.left;
  return null;
}

/** The edits for one node of sloppy code. */
function rewrites(node: AnyNode): Edit[] {
  if (node.type === "ThisExpression") return [[node.start, node.end, "__wptThis(this)"]];
  if (node.type === "AssignmentExpression" && node.operator === "=") {
    const key = keyOf(node.left, node.left.end);
    return key === null ? [] : [[node.start, node.start, "__wptSet("], ...key, [node.left.end, node.right.start, ", "], [node.end, node.end, ")"]];
  }
  if (node.type === "UnaryExpression" && node.operator === "delete") {
    const key = keyOf(node.argument, node.argument.end);
    return key === null ? [] : [[node.start, node.argument.start, "__wptDelete("], ...key, [node.end, node.end, ")"]];
  }
  return [];
}

/** `object.key` and `object[key]`, up to `end`, become `object, key`. */
function keyOf(node: AnyNode, end: number): Edit[] | null {
  if (node.type !== "MemberExpression" || node.optional || node.object.type === "Super" || node.property.type === "PrivateIdentifier") return null;
  if (node.computed) return [[node.object.end, node.property.start, ", "], [node.property.end, end, ""]];
  return [[node.object.end, end, `, "${(node.property as { name: string }).name}"`]];
}
