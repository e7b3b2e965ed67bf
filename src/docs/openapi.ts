/**
 * The OpenAPI 3.1 document, made from the route table and the catalogues of errors and events. Nothing in it is written
 * by hand twice: what a route takes, answers and refuses follows from the route's own value.
 */
import type { z } from "zod";
import { LIMITS } from "../config.ts";
import { EXAMPLE_IDS, exampleOf } from "../contract/example.ts";
import { pagingQuery } from "../http/paging.ts";
import type { Page, Route, WriteRoute } from "../http/route.ts";
import {
  budgetHeaders,
  HEADERS,
  json,
  object,
  PARAMETERS,
  refs,
  SECURITY_SCHEMES,
  unsentExample,
} from "./components.ts";
import { webhooks } from "./events.ts";
import { type Budgets, introduction, SECTIONS } from "./introduction.ts";
import { createSchemaBook, type Json, type SchemaBook } from "./json-schema.ts";
import { ERROR_SCHEMA, isStream, isWrite, refusals } from "./refusals.ts";

export { errorsOf } from "./refusals.ts";

export interface OpenApiOptions extends Budgets {
  routes: readonly Route[];
  version: string;
  /** Where the server is reached, such as `https://allison.example`. */
  serverUrl: string;
}

/** The document as a plain value, the same for the same options. Throws for a route whose tag has no section. */
export function buildOpenApi({ routes, version, serverUrl, ...budgets }: OpenApiOptions): object {
  const book = createSchemaBook();
  for (const { answers } of routes) if ("data" in answers) book.of(answers.data, "output");
  const events = webhooks(book);
  const responses = new Map<string, Json>();
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    if (!(route.tag in SECTIONS)) throw new Error(`The tag ${route.tag} has no section.`);
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = operation(route, book, responses, budgets);
  }
  const used = new Set(routes.map(({ tag }) => tag));
  return {
    openapi: "3.1.0",
    info: {
      title: "Allison API",
      version,
      summary: "The voice receptionist's API, on your own machine.",
      description: introduction(budgets),
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: serverUrl, description: "This server" }],
    tags: Object.entries(SECTIONS)
      .filter(([name]) => used.has(name))
      .map(([name, description]) => ({ name, description })),
    paths,
    webhooks: events,
    components: {
      securitySchemes: SECURITY_SCHEMES,
      parameters: PARAMETERS,
      headers: HEADERS,
      responses: Object.fromEntries([...responses].sort(([a], [b]) => (a < b ? -1 : 1))),
      schemas: { Error: ERROR_SCHEMA, ...book.components() },
    },
  };
}

function operation(
  route: Route,
  book: SchemaBook,
  responses: Map<string, Json>,
  budgets: Budgets,
): Json {
  return {
    operationId: route.operation,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description ? { description: route.description } : {}),
    security: [{ [route.access === "key" ? "apiKey" : "platformKey"]: [] }],
    parameters: [
      ...pathParameters(route),
      ...queryParameters(route, book),
      ...headerParameters(route),
    ],
    ...requestBody(route, book),
    responses: { ...answers(route, book), ...refusals(route, responses, budgets) },
  };
}

// Parameters

const UUID = { type: "string", format: "uuid" };

function pathParameters(route: Route): Json[] {
  const names = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
  return names.map((name) => {
    // An id of somebody else's making is any text.
    const external = name.startsWith("external_");
    return {
      name,
      in: "path",
      required: true,
      description: route.params?.[name] ?? `The id of the ${nounBefore(route.path, name)}.`,
      schema: external ? { type: "string", minLength: 1, maxLength: 255 } : UUID,
      example: external ? "CA7f3e" : EXAMPLE_IDS.own,
    };
  });
}

/** The singular of the path's word before a parameter: `/v1/team-members/:id` is about a team member. */
function nounBefore(path: string, name: string): string {
  const word = path.split(`/:${name}`)[0]!.split("/").at(-1)!.replaceAll("-", " ");
  if (word === "faqs") return "FAQ";
  return word.endsWith("ies") ? `${word.slice(0, -3)}y` : word.replace(/s$/, "");
}

function queryParameters(route: Route, book: SchemaBook): Json[] {
  if (!route.query) return [];
  const shape = route.query.shape as Record<string, z.ZodType>;
  const { properties } = book.of(route.query, "input") as { properties: Record<string, Json> };
  return Object.entries(properties).map(([name, property]) => {
    const { description, examples, ...schema } = property as { examples?: unknown[] } & Json;
    const typed = typedQuery(shape[name]!, schema, examples?.[0]);
    return {
      name,
      in: "query",
      ...(description ? { description } : {}),
      schema: typed.schema,
      ...(typed.example === undefined ? {} : unsentExample(typed.example)),
    };
  });
}

/** Everything in a query is text; the number and the flags among it are told as what they mean. */
function typedQuery(field: z.ZodType, schema: Json, example: unknown) {
  if (field === pagingQuery.limit) {
    const bounds = { minimum: 1, maximum: LIMITS.pageMax, default: LIMITS.pageDefault };
    return { schema: { type: "integer", ...bounds }, example: Number(example) };
  }
  if (Bun.deepEquals(schema.enum, ["true", "false"]))
    return { schema: { type: "boolean" }, example: example === "true" };
  return { schema, example };
}

function headerParameters(route: Route): Json[] {
  const names = [];
  if (isWrite(route) && route.method === "POST") names.push("IdempotencyKey");
  if (isWrite(route) && route.view) names.push("IfMatch");
  if (hasEtag(route) && route.method === "GET") names.push("IfNoneMatch");
  names.push("RequestId");
  return names.map((name) => ({ $ref: `#/components/parameters/${name}` }));
}

/** Whether the answer is a thing that can be read again unchanged. A 202 tells of one in the making. */
function hasEtag(route: Route): boolean {
  const { kind } = route.answers;
  if (kind !== "one" && kind !== "secret") return false;
  return !isWrite(route) || route.status !== 202;
}

// Bodies and answers

function requestBody(route: Route, book: SchemaBook): Json {
  if (isStream(route)) {
    return {
      requestBody: {
        required: true,
        description: `Records of this form, one a line, each of at most ${LIMITS.recordBytes / 1024 / 1024} MiB.`,
        content: {
          "application/x-ndjson": {
            schema: book.of(route.line, "input"),
            example: exampleOf(route.line),
          },
        },
      },
    };
  }
  if (!isWrite(route) || !route.body) return {};
  const content = json(book.of(route.body, "input"), bodyExamples(route));
  return { requestBody: { required: !route.bodyOptional, ...content } };
}

/** An update is shown by its first field alone too, for that is how most are. */
function bodyExamples({ body, find, status }: WriteRoute): Json {
  const whole = exampleOf(body!) as Json;
  const [first] = Object.entries(whole);
  if (!find || status !== 200 || !first || Object.keys(whole).length < 2) return { example: whole };
  return {
    examples: {
      one: { summary: "One field", value: Object.fromEntries([first]) },
      all: { summary: "Every field", value: whole },
    },
  };
}

/** What a route answers with when all goes well, by status. */
function answers(route: Route, book: SchemaBook): Json {
  const common = ["X-Request-Id", ...budgetHeaders(route)];
  const etag = hasEtag(route) ? ["ETag"] : [];
  if (!isWrite(route)) {
    const found = {
      description: "Done.",
      headers: refs(...etag, ...common),
      ...content(route, book),
    };
    if (etag.length === 0) return { 200: found };
    return {
      200: found,
      304: { description: "It is still as you have it.", headers: refs(...etag, ...common) },
    };
  }
  const replayed = route.method === "POST" ? ["Idempotent-Replayed"] : [];
  const answer = (description: string, ...more: string[]) => ({
    description,
    headers: refs(...more, ...etag, ...replayed, ...common),
    ...content(route, book),
  });
  if (route.creates)
    return { 200: answer("Changed, or unchanged."), 201: answer("Made.", "Location") };
  if (route.status === 201) return { 201: answer("Made.", "Location") };
  return { [route.status]: answer(DONE[route.status]) };
}

const DONE = { 200: "Done.", 202: "Accepted.", 204: "Deleted." };

function content(route: Route, book: SchemaBook): Json {
  const { answers } = route;
  if (answers.kind === "none") return {};
  const schema = book.of(answers.data, "output");
  const example = exampleOf(answers.data) as object;
  switch (answers.kind) {
    case "one":
      return json(object({ data: schema }), { example: { data: example } });
    case "page": {
      const page: Page = { data: [example], has_more: false, next_cursor: null };
      return json(pageOf(schema), { example: page });
    }
    case "secret":
      return json(schema, { example });
    case "lines":
      return { content: { "application/x-ndjson": { schema, example } } };
  }
}

const pageOf = (entry: Json): Json =>
  object({
    data: { type: "array", maxItems: LIMITS.pageMax, items: entry },
    has_more: { type: "boolean", description: "Whether there is a next page." },
    next_cursor: {
      type: ["string", "null"],
      description: "To be sent as `cursor` for the next page; null on the last.",
    },
  });
