/**
 * Builds the OpenAPI 3.1 document from the routes and the catalogues of errors and events. Parameters, bodies, responses
 * and errors of an operation are derived from its route.
 */
import type { z } from "zod";
import { LIMITS } from "../config.ts";
import { EXAMPLE_IDS, exampleOf } from "../contract/example.ts";
import { pagingQuery } from "../http/paging.ts";
import type { Page, Route, WriteRoute } from "../http/route.ts";
import { ERROR_SCHEMA, errorResponses, isStream, isWrite } from "./error-responses.ts";
import { type Budgets, EVENTS_SECTION, introduction, SECTIONS } from "./introduction.ts";
import { createSchemaBook, type Json, type SchemaBook } from "./json-schema.ts";
import {
  HEADERS,
  headerRefs,
  json,
  object,
  PARAMETERS,
  rateLimitHeaders,
  SECURITY_SCHEMES,
  unsentExample,
} from "./openapi-components.ts";
import { describeWebhooks } from "./webhooks-reference.ts";

export interface OpenApiOptions extends Budgets {
  routes: readonly Route[];
  version: string;
  /** The address of the server, such as `https://allison.example`. */
  serverUrl: string;
}

/** Builds the document. Equal options give equal documents. Throws for a route whose tag has no section. */
export function buildOpenApi({ routes, version, serverUrl, ...budgets }: OpenApiOptions): object {
  const book = createSchemaBook();
  for (const { answers } of routes) if ("data" in answers) book.of(answers.data, "output");
  const webhooks = describeWebhooks(book);
  const responses = new Map<string, Json>();
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    if (!(route.tag in SECTIONS)) throw new Error(`The tag ${route.tag} has no section.`);
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = describeOperation(route, book, responses, budgets);
  }
  const used = new Set([EVENTS_SECTION, ...routes.map(({ tag }) => tag)]);
  return {
    openapi: "3.1.0",
    info: {
      title: "Allison API",
      version,
      summary: "API of the voice receptionist on your own machine.",
      description: introduction(budgets),
      contact: { name: "the Allison contributors" },
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: serverUrl, description: "This server" }],
    tags: Object.entries(SECTIONS)
      .filter(([name]) => used.has(name))
      .map(([name, description]) => ({ name, description })),
    paths,
    webhooks,
    components: {
      securitySchemes: SECURITY_SCHEMES,
      parameters: PARAMETERS,
      headers: HEADERS,
      responses: Object.fromEntries([...responses].sort(([a], [b]) => (a < b ? -1 : 1))),
      schemas: { Error: ERROR_SCHEMA, ...book.components() },
    },
  };
}

function describeOperation(
  route: Route,
  book: SchemaBook,
  responses: Map<string, Json>,
  budgets: Budgets,
): Json {
  return {
    operationId: route.operation,
    tags: [route.tag],
    summary: route.summary,
    description: route.description ?? describeKind(route),
    security: [{ [route.access === "key" ? "apiKey" : "platformKey"]: [] }],
    parameters: [
      ...pathParameters(route, book),
      ...queryParameters(route, book),
      ...headerParameters(route),
    ],
    ...requestBody(route, book),
    responses: { ...successResponses(route, book), ...errorResponses(route, responses, budgets) },
  };
}

/** The description of an operation that does nothing special. */
function describeKind(route: Route): string {
  if (route.answers.kind === "page")
    return "Returns one page. Send its `next_cursor` as `cursor` to get the next one.";
  if (route.method === "GET") return "Returns the object as it is now, with its `ETag`.";
  if (route.method === "DELETE") return "Deletes the object. A later request for it gets 404.";
  return "Stores the object and returns it. With an `Idempotency-Key` the request is safe to repeat.";
}

// Parameters

function pathParameters(route: Route, book: SchemaBook): Json[] {
  return Object.entries(route.params ?? {}).map(([name, field]) => {
    const { description, examples, ...schema } = book.of(field, "input") as {
      examples?: unknown[];
    } & Json;
    return { name, in: "path", required: true, description, schema, example: examples?.[0] };
  });
}

function queryParameters(route: Route, book: SchemaBook): Json[] {
  if (!route.query) return [];
  const shape = route.query.shape as Record<string, z.ZodType>;
  const { properties } = book.of(route.query, "input") as { properties: Record<string, Json> };
  return Object.entries(properties).map(([name, property]) => {
    const { description, examples, ...schema } = property as { examples?: unknown[] } & Json;
    const typed = queryType(shape[name]!, schema, examples?.[0]);
    return {
      name,
      in: "query",
      ...(description ? { description } : {}),
      schema: typed.schema,
      ...(typed.example === undefined ? {} : unsentExample(typed.example)),
    };
  });
}

/** Query parameters are text. Numbers and flags get the type that clients expect. */
function queryType(field: z.ZodType, schema: Json, example: unknown) {
  if (field === pagingQuery.limit) {
    const bounds = { minimum: 1, maximum: LIMITS.pageMax, default: LIMITS.pageDefault };
    return { schema: { type: "integer", ...bounds }, example: Number(example) };
  }
  if (Bun.deepEquals(schema.enum, ["true", "false"]))
    return { schema: { type: "boolean" }, example: example === "true" };
  // A choice between two forms of text is one type for clients.
  if (schema.anyOf) return { schema: { type: "string" }, example };
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

/** Whether the response contains an object that has an ETag. A 202 reports work that is still pending. */
function hasEtag(route: Route): boolean {
  const { kind } = route.answers;
  if (kind !== "one" && kind !== "secret") return false;
  return !isWrite(route) || route.status !== 202;
}

// Bodies and responses

function requestBody(route: Route, book: SchemaBook): Json {
  if (isStream(route)) {
    return {
      requestBody: {
        required: true,
        description: `One record per line, each at most ${LIMITS.recordBytes / 1024 / 1024} MiB.`,
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

/** An update has a second example with its first field only, because most updates change one field. */
function bodyExamples({ body, find, status }: WriteRoute): Json {
  const complete = withoutReferences(exampleOf(body!) as Json);
  const [first] = Object.entries(complete);
  if (!find || status !== 200 || !first || Object.keys(complete).length < 2)
    return { example: complete };
  return {
    examples: {
      one: { summary: "One field", value: Object.fromEntries([first]) },
      all: { summary: "Every field", value: complete },
    },
  };
}

/** An example that every server accepts: no other server has the objects that the ids of examples belong to. */
const withoutReferences = (example: Json): Json =>
  Object.fromEntries(
    Object.entries(example).map(([name, value]) => [name, isExampleId(value) ? null : value]),
  );

const isExampleId = (value: unknown) => Object.values(EXAMPLE_IDS).includes(value as string);

/** The responses of a route when a request succeeds, by status. */
function successResponses(route: Route, book: SchemaBook): Json {
  const common = ["X-Request-Id", ...rateLimitHeaders(route)];
  const etag = hasEtag(route) ? ["ETag"] : [];
  if (!isWrite(route)) {
    const found = {
      description: "Success.",
      headers: headerRefs(...etag, ...common),
      ...responseContent(route, book),
    };
    if (etag.length === 0) return { 200: found };
    return {
      200: found,
      304: { description: "Not modified.", headers: headerRefs(...etag, ...common) },
    };
  }
  const replayed = route.method === "POST" ? ["Idempotent-Replayed"] : [];
  const response = (description: string, ...more: string[]) => ({
    description,
    headers: headerRefs(...more, ...etag, ...replayed, ...common),
    ...responseContent(route, book),
  });
  if (route.creates)
    return { 200: response("Updated or unchanged."), 201: response("Created.", "Location") };
  if (route.status === 201) return { 201: response("Created.", "Location") };
  return { [route.status]: response(DESCRIPTIONS[route.status]) };
}

const DESCRIPTIONS = { 200: "Success.", 202: "Accepted.", 204: "Deleted." };

function responseContent(route: Route, book: SchemaBook): Json {
  const { answers } = route;
  if (answers.kind === "none") return {};
  const schema = book.of(answers.data, "output");
  const example = exampleOf(answers.data) as object;
  switch (answers.kind) {
    case "one": {
      if (!("warnings" in answers) || !answers.warnings)
        return json(object({ data: schema }), { example: { data: example } });
      const warnings = book.of(answers.warnings, "output");
      return json(object({ data: schema, warnings }), { example: { data: example, warnings: [] } });
    }
    case "page": {
      const page: Page = { data: [example], has_more: false, next_cursor: null };
      return json(pageSchema(schema), { example: page });
    }
    case "secret":
      return json(schema, { example });
    case "lines":
      return { content: { "application/x-ndjson": { schema, example } } };
  }
}

const pageSchema = (entry: Json): Json =>
  object({
    data: { type: "array", maxItems: LIMITS.pageMax, items: entry },
    has_more: { type: "boolean", description: "Whether there is a next page." },
    next_cursor: {
      type: ["string", "null"],
      description: "Send it as `cursor` for the next page. Null on the last page.",
    },
  });
