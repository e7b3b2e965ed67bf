/**
 * Finds what in a new OpenAPI document breaks a client of the old one. v1 may grow: fields, paths, optional request
 * fields, enum values and filters may be added. Nothing may be removed, renamed, given another type or made stricter.
 *
 * What breaks a client depends on the direction: a request may accept more than before, a response may not lack what it
 * had. Events count as responses, because the server sends them.
 */

type Json = Record<string, unknown>;
type Direction = "request" | "response";

const METHODS = ["get", "put", "post", "delete", "patch"];
const asJson = (value: unknown): Json => (value ?? {}) as Json;
const entries = (value: unknown): [string, Json][] =>
  Object.entries(asJson(value)) as [string, Json][];
const isSame = (a: unknown, b: unknown) => Bun.deepEquals(a, b);
const show = (value: unknown) => (value === undefined ? "nothing" : JSON.stringify(value));

/** The two documents, and the breaking changes found so far. */
interface Comparison {
  old: Json;
  next: Json;
  breaks: string[];
  report(where: string, what: string): void;
}

/** Returns one sentence for each breaking change. References are followed, so moving a schema breaks nothing. */
export function breakingChanges(before: object, after: object): string[] {
  const breaks: string[] = [];
  const comparison: Comparison = {
    old: before as Json,
    next: after as Json,
    breaks,
    report: (where, what) => breaks.push(`${where}: ${what}`),
  };
  compareOperations(comparison, "paths", compareOperation);
  compareOperations(comparison, "webhooks", compareEvent);
  return breaks;
}

function compareOperations(
  comparison: Comparison,
  section: "paths" | "webhooks",
  compare: typeof compareOperation,
): void {
  for (const [path, methods] of entries(comparison.old[section])) {
    for (const method of METHODS.filter((name) => name in methods)) {
      const where = `${method.toUpperCase()} ${path}`;
      const next = asJson(asJson(comparison.next[section])[path])[method];
      if (next === undefined) comparison.report(where, "was removed");
      else compare(comparison, where, asJson(methods[method]), asJson(next));
    }
  }
}

function compareOperation(comparison: Comparison, where: string, old: Json, next: Json): void {
  const { report } = comparison;
  if (old.operationId !== next.operationId)
    report(where, `operationId is ${show(next.operationId)}, was ${show(old.operationId)}`);
  compareSecurity(comparison, where, old.security, next.security);
  compareParameters(comparison, where, old, next, "request");
  compareBody(comparison, where, old.requestBody, next.requestBody, "request");
  for (const [status, response] of entries(old.responses)) {
    const place = `${where} ${status}`;
    const other = asJson(next.responses)[status];
    if (other === undefined) report(place, "was removed");
    else compareResponse(comparison, place, response, other);
  }
}

/** The server sends the body and the headers of an event. What the client responds stays the same. */
function compareEvent(comparison: Comparison, where: string, old: Json, next: Json): void {
  compareParameters(comparison, where, old, next, "response");
  compareBody(comparison, where, old.requestBody, next.requestBody, "response");
  for (const [status] of entries(old.responses))
    if (!(status in asJson(next.responses))) comparison.report(`${where} ${status}`, "was removed");
}

function compareSecurity({ report }: Comparison, where: string, old: unknown, next: unknown): void {
  const [oldSchemes, nextSchemes] = [old ?? [], next ?? []] as [unknown[], unknown[]];
  for (const scheme of oldSchemes)
    if (!nextSchemes.some((other) => isSame(scheme, other)))
      report(where, `security ${show(scheme)} was removed`);
  if (oldSchemes.length === 0 && nextSchemes.length > 0) report(where, "requires a key now");
}

function compareParameters(
  comparison: Comparison,
  where: string,
  old: Json,
  next: Json,
  direction: Direction,
): void {
  const { report } = comparison;
  const nameOf = (parameter: Json) => `${parameter.in} parameter ${parameter.name}`;
  const list = (document: Json, operation: Json) =>
    ((operation.parameters ?? []) as Json[]).map((parameter) => resolve(document, parameter));
  const [olds, nexts] = [list(comparison.old, old), list(comparison.next, next)];
  for (const parameter of olds) {
    const place = `${where} ${nameOf(parameter)}`;
    const other = nexts.find((candidate) => nameOf(candidate) === nameOf(parameter));
    if (!other) {
      report(place, "was removed");
      continue;
    }
    if (direction === "request" && other.required && !parameter.required)
      report(place, "is required now");
    if (direction === "response" && parameter.required && !other.required)
      report(place, "is optional now");
    reportSchema(comparison, place, parameter.schema, other.schema, direction);
  }
  for (const parameter of nexts) {
    const isKnown = olds.some((candidate) => nameOf(candidate) === nameOf(parameter));
    if (direction === "request" && parameter.required && !isKnown)
      report(`${where} ${nameOf(parameter)}`, "is new and required");
  }
}

function compareBody(
  comparison: Comparison,
  where: string,
  oldBody: unknown,
  nextBody: unknown,
  direction: Direction,
): void {
  const [old, next] = [resolve(comparison.old, oldBody), resolve(comparison.next, nextBody)];
  const place = `${where} body`;
  if (direction === "request" && next.required && !old.required)
    comparison.report(place, "is required now");
  compareContent(comparison, place, old, next, direction);
}

function compareResponse(
  comparison: Comparison,
  where: string,
  oldResponse: unknown,
  nextResponse: unknown,
): void {
  const old = resolve(comparison.old, oldResponse);
  const next = resolve(comparison.next, nextResponse);
  for (const [name, header] of entries(old.headers)) {
    const place = `${where} header ${name}`;
    const other = asJson(next.headers)[name];
    if (other === undefined) {
      comparison.report(place, "was removed");
      continue;
    }
    const schemas = [resolve(comparison.old, header), resolve(comparison.next, other)] as const;
    reportSchema(comparison, place, schemas[0].schema, schemas[1].schema, "response");
  }
  compareContent(comparison, where, old, next, "response");
}

function compareContent(
  comparison: Comparison,
  where: string,
  old: Json,
  next: Json,
  direction: Direction,
): void {
  for (const [type, media] of entries(old.content)) {
    const other = asJson(next.content)[type];
    if (other === undefined) comparison.report(`${where} ${type}`, "was removed");
    else reportSchema(comparison, where, media.schema, asJson(other).schema, direction);
  }
}

function reportSchema(
  { breaks, old, next }: Comparison,
  where: string,
  oldSchema: unknown,
  nextSchema: unknown,
  direction: Direction,
): void {
  const documents = { old, next };
  breaks.push(
    ...compareSchemas(where, asJson(oldSchema), asJson(nextSchema), direction, documents),
  );
}

/** Follows references. A node without a reference is returned as it is. */
function resolve(document: Json, node: unknown): Json {
  let found = asJson(node);
  while (typeof found.$ref === "string") {
    found = found.$ref
      .replace("#/", "")
      .split("/")
      .reduce<Json>((inner, key) => asJson(inner[key.replaceAll("~1", "/")]), document);
  }
  return found;
}

/** Follows references, and writes the spellings of one schema in one way: nullable schemas, and unions of texts. */
function simplify(document: Json, node: Json): Json {
  const { anyOf, ...rest } = resolve(document, node) as { anyOf?: Json[] } & Json;
  if (!anyOf) return rest;
  const options = anyOf.map((option) => simplify(document, option));
  if (options.every(({ type }) => type === "string")) return { ...rest, type: "string" };
  const [value, ...others] = options.filter(({ type }) => type !== "null");
  if (others.length > 0 || options.length === 1) return { ...rest, anyOf };
  const nullable = Array.isArray(value!.oneOf)
    ? { oneOf: [...value!.oneOf, { type: "null" }] }
    : { type: [value!.type, "null"] };
  return { ...value, ...rest, ...nullable };
}

/** Bounds that are stricter when they are raised, and when they are lowered. */
const LOWER = ["minLength", "minimum", "minItems", "minProperties", "exclusiveMinimum"];
const UPPER = ["maxLength", "maximum", "maxItems", "maxProperties", "exclusiveMaximum"];
/** Keywords whose value must not change. */
const FIXED = ["const", "format", "pattern", "multipleOf"];

/** The default of a field, from the keyword or from the sentence that replaces it in requests. */
function defaultOf({ default: value, description }: Json): string | undefined {
  const [, described] = /Defaults to `([^`]*)`\.$/.exec(String(description)) ?? [];
  if (value === undefined || value === null) return described;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function compareSchemas(
  where: string,
  oldNode: Json,
  nextNode: Json,
  direction: Direction,
  documents: { old: Json; next: Json },
): string[] {
  const old = simplify(documents.old, oldNode);
  const next = simplify(documents.next, nextNode);
  const within: Within = (place, a, b) =>
    compareSchemas(place, asJson(a), asJson(b), direction, documents);
  return [
    ...compareTypes(where, old, next, direction),
    ...compareValues(where, old, next, direction),
    ...(direction === "request" ? compareBounds(where, old, next) : []),
    ...compareFields(where, old, next, direction, within),
    ...compareAlternatives(where, old, next, direction, within),
    ...("items" in old ? within(`${where}[]`, old.items, next.items) : []),
    ...compareAdditional(where, old, next, direction, within),
  ];
}

/** Compares two schemas inside those being compared. */
type Within = (where: string, a: unknown, b: unknown) => string[];

function compareTypes(where: string, old: Json, next: Json, direction: Direction): string[] {
  const listed = (type: unknown) => (type === undefined ? null : [type].flat());
  const [oldTypes, nextTypes] = [listed(old.type), listed(next.type)];
  // A request may accept more types than before, a response may have fewer.
  const [narrow, wide] = direction === "request" ? [oldTypes, nextTypes] : [nextTypes, oldTypes];
  if (wide === null || isSame(oldTypes, nextTypes)) return [];
  const fits = (type: unknown) =>
    (wide as unknown[]).includes(type) || (type === "integer" && wide.includes("number"));
  return narrow?.every(fits) ? [] : [`${where}: type is ${show(next.type)}, was ${show(old.type)}`];
}

function compareValues(where: string, old: Json, next: Json, direction: Direction): string[] {
  const breaks: string[] = [];
  const [oldEnum, nextEnum] = [old.enum, next.enum] as (unknown[] | undefined)[];
  const removed = (oldEnum ?? []).filter((value) => nextEnum && !nextEnum.includes(value));
  if (removed.length > 0) breaks.push(`${where}: enum lost ${removed.map(show).join(", ")}`);
  if (direction === "request" && nextEnum && !oldEnum)
    breaks.push(`${where}: accepts only ${show(nextEnum)} now`);
  if (direction === "response" && oldEnum && !nextEnum)
    breaks.push(`${where}: enum ${show(oldEnum)} was removed`);
  for (const keyword of FIXED) {
    if (isSame(old[keyword], next[keyword])) continue;
    // Dropping a condition on requests, or adding one to responses, breaks no client.
    const isLoosened =
      direction === "request" ? next[keyword] === undefined : old[keyword] === undefined;
    if (isLoosened) continue;
    breaks.push(`${where}: ${keyword} is ${show(next[keyword])}, was ${show(old[keyword])}`);
  }
  const [before, after] = [defaultOf(old), defaultOf(next)];
  if (before !== after)
    breaks.push(`${where}: default is ${after ?? "nothing"}, was ${before ?? "nothing"}`);
  return breaks;
}

function compareBounds(where: string, old: Json, next: Json): string[] {
  const isStricter = (keyword: string, sign: number) =>
    next[keyword] !== undefined &&
    (old[keyword] === undefined || sign * Number(next[keyword]) > sign * Number(old[keyword]));
  return [
    ...LOWER.filter((keyword) => isStricter(keyword, 1)),
    ...UPPER.filter((keyword) => isStricter(keyword, -1)),
  ].map((keyword) => `${where}: ${keyword} is ${show(next[keyword])}, was ${show(old[keyword])}`);
}

function compareFields(
  where: string,
  old: Json,
  next: Json,
  direction: Direction,
  within: Within,
): string[] {
  const breaks: string[] = [];
  for (const [name, property] of entries(old.properties)) {
    const other = asJson(next.properties)[name];
    if (other === undefined) breaks.push(`${where}.${name}: was removed`);
    else breaks.push(...within(`${where}.${name}`, property, other));
  }
  const [oldRequired, nextRequired] = [old.required ?? [], next.required ?? []] as string[][];
  const optional = oldRequired!.filter(
    (name) => !nextRequired!.includes(name) && name in asJson(next.properties),
  );
  const required = nextRequired!.filter((name) => !oldRequired!.includes(name));
  if (direction === "response")
    breaks.push(...optional.map((name) => `${where}.${name}: is optional now`));
  if (direction === "request")
    breaks.push(...required.map((name) => `${where}.${name}: is required now`));
  return breaks;
}

/** Each old alternative must have a new one that replaces it without a breaking change. */
function compareAlternatives(
  where: string,
  old: Json,
  next: Json,
  direction: Direction,
  within: Within,
): string[] {
  const listed = (node: Json) => (node.oneOf ?? node.anyOf) as Json[] | undefined;
  const [oldOptions, nextOptions] = [listed(old), listed(next)];
  if (!oldOptions && nextOptions && direction === "request" && !old.type) return [];
  if (!oldOptions || !nextOptions)
    return isSame(oldOptions, nextOptions) ? [] : [`${where}: alternatives were added or removed`];
  return oldOptions.flatMap((option, index) => {
    const attempts = nextOptions.map((other) => within(`${where}<${index + 1}>`, option, other));
    const fewest = attempts.toSorted((a, b) => a.length - b.length)[0];
    return fewest ?? [`${where}<${index + 1}>: was removed`];
  });
}

function compareAdditional(
  where: string,
  old: Json,
  next: Json,
  direction: Direction,
  within: Within,
): string[] {
  const [before, after] = [old.additionalProperties, next.additionalProperties];
  if (direction === "request" && after === false && before !== false)
    return [`${where}: refuses unknown fields now`];
  if (before === null || typeof before !== "object") return [];
  if (after === null || typeof after !== "object")
    return direction === "response" ? [`${where}: no longer states what other fields are`] : [];
  return within(`${where}.*`, before, after);
}
