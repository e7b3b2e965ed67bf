/**
 * What in a new OpenAPI document breaks a client of the old one. v1 may grow: fields, paths, optional request fields,
 * enum values and filters may be added. Nothing may be removed, renamed, given another type or made stricter.
 *
 * What breaks depends on the way a value travels: a request may accept more than before, an answer may not lack what it
 * had. The events are answers in this sense, for they too go from the server to the client.
 */

type Json = Record<string, unknown>;
type Way = "request" | "answer";

/** One sentence for each break, empty where there is none. References are followed, so moving a schema breaks nothing. */
export function breakingChanges(before: object, after: object): string[] {
  return comparison(before as Json, after as Json);
}

const METHODS = ["get", "put", "post", "delete", "patch"];
const asJson = (value: unknown): Json => (value ?? {}) as Json;
const entries = (value: unknown): [string, Json][] =>
  Object.entries(asJson(value)) as [string, Json][];
const same = (a: unknown, b: unknown) => Bun.deepEquals(a, b);
const show = (value: unknown) => (value === undefined ? "nothing" : JSON.stringify(value));

function comparison(oldDocument: Json, newDocument: Json): string[] {
  const resolve = (document: Json) => (node: unknown) => follow(document, asJson(node));
  const [inOld, inNew] = [resolve(oldDocument), resolve(newDocument)];
  const breaks: string[] = [];
  const say = (where: string, what: string) => breaks.push(`${where}: ${what}`);

  function operations(section: "paths" | "webhooks", compare: typeof operation): void {
    for (const [path, methods] of entries(oldDocument[section])) {
      for (const method of METHODS.filter((name) => name in methods)) {
        const where = `${method.toUpperCase()} ${path}`;
        const next = asJson(asJson(newDocument[section])[path])[method];
        if (next === undefined) say(where, "is gone");
        else compare(where, asJson(methods[method]), asJson(next));
      }
    }
  }

  function operation(where: string, old: Json, next: Json): void {
    if (old.operationId !== next.operationId)
      say(where, `operationId is ${show(next.operationId)}, was ${show(old.operationId)}`);
    security(where, old.security, next.security);
    parameters(where, old, next, "request");
    requestBody(where, inOld(old.requestBody), inNew(next.requestBody), "request");
    for (const [status, response] of entries(old.responses)) {
      const there = `${where} ${status}`;
      const other = asJson(next.responses)[status];
      if (other === undefined) say(there, "is gone");
      else answer(there, inOld(response), inNew(other));
    }
  }

  /** An event: its body and its headers come from the server; what the client answers stays as it was. */
  function event(where: string, old: Json, next: Json): void {
    parameters(where, old, next, "answer");
    requestBody(where, inOld(old.requestBody), inNew(next.requestBody), "answer");
    for (const [status] of entries(old.responses))
      if (!(status in asJson(next.responses))) say(`${where} ${status}`, "is gone");
  }

  function security(where: string, old: unknown, next: unknown): void {
    const ways = (next ?? []) as unknown[];
    for (const way of (old ?? []) as unknown[])
      if (!ways.some((other) => same(way, other))) say(where, `security ${show(way)} is gone`);
    if (((old ?? []) as unknown[]).length === 0 && ways.length > 0) say(where, "needs a key now");
  }

  function parameters(where: string, old: Json, next: Json, way: Way): void {
    const named = (parameter: Json) => `${parameter.in} parameter ${parameter.name}`;
    const olds = ((old.parameters ?? []) as Json[]).map(inOld);
    const nexts = ((next.parameters ?? []) as Json[]).map(inNew);
    for (const parameter of olds) {
      const there = `${where} ${named(parameter)}`;
      const other = nexts.find((candidate) => named(candidate) === named(parameter));
      if (!other) {
        say(there, "is gone");
        continue;
      }
      if (way === "request" && other.required && !parameter.required) say(there, "is required now");
      if (way === "answer" && parameter.required && !other.required)
        say(there, "may be missing now");
      breaks.push(...schemaBreaks(there, parameter.schema, other.schema, way));
    }
    for (const parameter of nexts) {
      const known = olds.some((candidate) => named(candidate) === named(parameter));
      if (way === "request" && parameter.required && !known)
        say(`${where} ${named(parameter)}`, "is new and required");
    }
  }

  function requestBody(where: string, old: Json, next: Json, way: Way): void {
    const there = `${where} body`;
    const had = Object.keys(old).length > 0;
    if (way === "request" && next.required && !old.required) say(there, "is required now");
    if (had) content(there, old, next, way);
  }

  function answer(where: string, old: Json, next: Json): void {
    for (const [name, header] of entries(old.headers)) {
      const other = asJson(next.headers)[name];
      if (other === undefined) say(`${where} header ${name}`, "is gone");
      else
        breaks.push(
          ...schemaBreaks(
            `${where} header ${name}`,
            inOld(header).schema,
            inNew(other).schema,
            "answer",
          ),
        );
    }
    content(where, old, next, "answer");
  }

  function content(where: string, old: Json, next: Json, way: Way): void {
    for (const [type, media] of entries(old.content)) {
      const other = asJson(next.content)[type];
      if (other === undefined) say(`${where} ${type}`, "is gone");
      else breaks.push(...schemaBreaks(where, media.schema, asJson(other).schema, way));
    }
  }

  function schemaBreaks(where: string, old: unknown, next: unknown, way: Way): string[] {
    return compareSchemas(where, asJson(old), asJson(next), way, { inOld, inNew });
  }

  operations("paths", operation);
  operations("webhooks", event);
  return breaks;
}

/** What a reference stands for. A node that is none stands for itself. */
function follow(document: Json, node: Json): Json {
  let found = node;
  while (typeof found.$ref === "string") {
    found = found.$ref
      .replace("#/", "")
      .split("/")
      .reduce<Json>((inner, key) => asJson(inner[key.replaceAll("~1", "/")]), document);
  }
  return found;
}

interface Resolvers {
  inOld(node: unknown): Json;
  inNew(node: unknown): Json;
}

/** Bounds by how they are made stricter: a lower one raised, an upper one lowered. */
const LOWER = ["minLength", "minimum", "minItems", "minProperties", "exclusiveMinimum"];
const UPPER = ["maxLength", "maximum", "maxItems", "maxProperties", "exclusiveMaximum"];
/** A value under these either is the same or is something else. */
const FIXED = ["const", "format", "pattern", "multipleOf"];

/** What a field is where it is left out, by the keyword or by the sentence in its place. Null goes without saying. */
function defaultOf({ default: value, description }: Json): string | undefined {
  const [, told] = /Where left out: `([^`]*)`\.$/.exec(String(description)) ?? [];
  if (value === undefined || value === null) return told;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function compareSchemas(
  where: string,
  oldNode: Json,
  newNode: Json,
  way: Way,
  resolvers: Resolvers,
): string[] {
  const old = resolvers.inOld(oldNode);
  const next = resolvers.inNew(newNode);
  const within = (there: string, a: unknown, b: unknown) =>
    compareSchemas(there, asJson(a), asJson(b), way, resolvers);
  return [
    ...types(where, old, next, way),
    ...values(where, old, next, way),
    ...(way === "request" ? bounds(where, old, next) : []),
    ...fields(where, old, next, way, within),
    ...alternatives(where, old, next, way, within),
    ...("items" in old ? within(`${where}[]`, old.items, next.items) : []),
    ...additional(where, old, next, way, within),
  ];
}

type Within = (where: string, a: unknown, b: unknown) => string[];

function types(where: string, old: Json, next: Json, way: Way): string[] {
  const listed = (type: unknown) => (type === undefined ? null : [type].flat());
  const [was, is] = [listed(old.type), listed(next.type)];
  // A request may take more types than before, an answer may have fewer.
  const [narrow, wide] = way === "request" ? [was, is] : [is, was];
  if (wide === null || same(was, is)) return [];
  const fits = (type: unknown) =>
    (wide as unknown[]).includes(type) || (type === "integer" && wide.includes("number"));
  return narrow?.every(fits) ? [] : [`${where}: type is ${show(next.type)}, was ${show(old.type)}`];
}

function values(where: string, old: Json, next: Json, way: Way): string[] {
  const breaks: string[] = [];
  const [was, is] = [old.enum, next.enum] as (unknown[] | undefined)[];
  const gone = (was ?? []).filter((value) => is && !is.includes(value));
  if (gone.length > 0) breaks.push(`${where}: enum lost ${gone.map(show).join(", ")}`);
  if (way === "request" && is && !was) breaks.push(`${where}: takes only ${show(is)} now`);
  if (way === "answer" && was && !is) breaks.push(`${where}: enum ${show(was)} is gone`);
  for (const keyword of FIXED) {
    if (same(old[keyword], next[keyword])) continue;
    // What is no longer demanded of a request, or newly promised of an answer, breaks nobody.
    const loosened = way === "request" ? next[keyword] === undefined : old[keyword] === undefined;
    if (loosened) continue;
    breaks.push(`${where}: ${keyword} is ${show(next[keyword])}, was ${show(old[keyword])}`);
  }
  const [before, after] = [defaultOf(old), defaultOf(next)];
  if (before !== after)
    breaks.push(`${where}: default is ${after ?? "nothing"}, was ${before ?? "nothing"}`);
  return breaks;
}

function bounds(where: string, old: Json, next: Json): string[] {
  const stricter = (keyword: string, sign: number) =>
    next[keyword] !== undefined &&
    (old[keyword] === undefined || sign * Number(next[keyword]) > sign * Number(old[keyword]));
  return [
    ...LOWER.filter((keyword) => stricter(keyword, 1)),
    ...UPPER.filter((keyword) => stricter(keyword, -1)),
  ].map((keyword) => `${where}: ${keyword} is ${show(next[keyword])}, was ${show(old[keyword])}`);
}

function fields(where: string, old: Json, next: Json, way: Way, within: Within): string[] {
  const breaks: string[] = [];
  for (const [name, property] of entries(old.properties)) {
    const other = asJson(next.properties)[name];
    if (other === undefined) breaks.push(`${where}.${name}: is gone`);
    else breaks.push(...within(`${where}.${name}`, property, other));
  }
  const [was, is] = [old.required ?? [], next.required ?? []] as [string[], string[]];
  const lost = was.filter((name) => !is.includes(name) && name in asJson(next.properties));
  const won = is.filter((name) => !was.includes(name));
  if (way === "answer") breaks.push(...lost.map((name) => `${where}.${name}: may be missing now`));
  if (way === "request") breaks.push(...won.map((name) => `${where}.${name}: is required now`));
  return breaks;
}

/** Each alternative of old must have one among the new that stands in for it without a break. */
function alternatives(where: string, old: Json, next: Json, way: Way, within: Within): string[] {
  const of = (node: Json) => (node.oneOf ?? node.anyOf) as Json[] | undefined;
  const [was, is] = [of(old), of(next)];
  if (!was && is && way === "request" && !old.type) return [];
  if (!was || !is)
    return same(was, is) ? [] : [`${where}: is no longer one of several, or newly so`];
  return was.flatMap((option, index) => {
    const attempts = is.map((other) => within(`${where}<${index + 1}>`, option, other));
    const fewest = attempts.toSorted((a, b) => a.length - b.length)[0];
    return fewest ?? [`${where}<${index + 1}>: is gone`];
  });
}

function additional(where: string, old: Json, next: Json, way: Way, within: Within): string[] {
  const [was, is] = [old.additionalProperties, next.additionalProperties];
  if (way === "request" && is === false && was !== false)
    return [`${where}: refuses unknown fields now`];
  if (was === null || typeof was !== "object") return [];
  if (is === null || typeof is !== "object")
    return way === "answer" ? [`${where}: says no longer what other fields are`] : [];
  return within(`${where}.*`, was, is);
}
