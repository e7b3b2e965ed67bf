/** The check of the contract works: it finds each kind of breaking change in a small document. */
import { describe, expect, test } from "bun:test";
import { breakingChanges } from "./openapi-diff.ts";

type Json = Record<string, unknown>;

const part = () => ({
  oneOf: ["x", "y"].map((type) => ({
    type: "object",
    required: ["type"],
    properties: { type: { type: "string", const: type } },
  })),
});

const document = () => ({
  paths: {
    "/v1/things": {
      get: {
        operationId: "listThings",
        security: [{ apiKey: [] }],
        parameters: {
          0: { name: "id", in: "path", required: true, schema: { type: "string", format: "uuid" } },
          1: { name: "q", in: "query", schema: { type: "string", maxLength: 200 } },
        },
        responses: {
          200: {
            headers: { ETag: { schema: { type: "string" } } },
            content: { json: { schema: { $ref: "#/components/schemas/Thing" } } },
          },
          404: { description: "Not found." },
        },
      },
      put: {
        operationId: "putThing",
        security: [{ apiKey: [] }],
        requestBody: {
          required: false,
          content: { json: { schema: { $ref: "#/components/schemas/ThingUpdate" } } },
        },
        responses: { 204: {} },
      },
    },
  },
  webhooks: {
    done: {
      post: {
        operationId: "done",
        parameters: {
          0: { name: "X-Id", in: "header", required: true, schema: { type: "string" } },
        },
        requestBody: { content: { json: { schema: { $ref: "#/components/schemas/Thing" } } } },
        responses: { "2XX": {} },
      },
    },
  },
  components: {
    schemas: {
      Thing: {
        type: "object",
        required: ["id", "kind"],
        properties: {
          id: { type: "string", format: "uuid" },
          kind: { type: "string", enum: ["a", "b"] },
          size: { type: ["integer", "null"] },
          tags: { type: "array", items: { type: "string" } },
          own: { type: "object", additionalProperties: { type: "string" } },
          part: part(),
        },
      },
      ThingUpdate: {
        type: "object",
        required: ["name"],
        properties: {
          name: { type: "string", minLength: 1, maxLength: 200 },
          kind: { type: "string", enum: ["a", "b"] },
          size: { type: ["integer", "null"], minimum: 0, maximum: 10, default: 5 },
          code: { type: "string", pattern: "^[a-z]+$" },
          part: part(),
        },
      },
    },
  },
});

/** The place in the document that the first word of a test case stands for. */
const ROOTS: Record<string, string[]> = {
  get: ["paths", "/v1/things", "get"],
  put: ["paths", "/v1/things", "put"],
  event: ["webhooks", "done", "post"],
  response: ["components", "schemas", "Thing"],
  field: ["components", "schemas", "Thing", "properties"],
  body: ["components", "schemas", "ThingUpdate"],
  sent: ["components", "schemas", "ThingUpdate", "properties"],
};
const REMOVED = Symbol("removed");

/** The document with another value at one place. Its parameters become lists. */
function changed(place?: string, value?: unknown): object {
  const result = document();
  if (place !== undefined) {
    const [root = "", ...rest] = place.split(".");
    const keys = [...(ROOTS[root] ?? [root]), ...rest];
    const last = keys.pop()!;
    const node = keys.reduce<Json>((inner, key) => inner[key] as Json, result);
    if (value === REMOVED) delete node[last];
    else node[last] = value;
  }
  for (const operation of [result.paths["/v1/things"]?.get, result.webhooks.done?.post] as Json[])
    if (operation) operation.parameters = Object.values(operation.parameters as Json);
  return result;
}

describe("a breaking change is found", () => {
  test.each([
    ["a path removed", "paths./v1/things", REMOVED, /GET .* was removed/],
    ["an operation removed", "put", REMOVED, /PUT .*: was removed/],
    ["an operation renamed", "get.operationId", "readThings", /operationId/],
    ["another kind of key", "get.security", [{ other: [] }], /security/],
    ["a query parameter removed", "get.parameters.1", REMOVED, /query parameter q: was removed/],
    ["a parameter made required", "get.parameters.1.required", true, /q: is required now/],
    [
      "a required parameter added",
      "get.parameters.2",
      { name: "x", in: "query", required: true },
      /x: is new and required/,
    ],
    ["a parameter tightened", "get.parameters.1.schema.maxLength", 10, /maxLength is 10, was 200/],
    ["a status removed", "get.responses.404", REMOVED, /404: was removed/],
    [
      "a response's header removed",
      "get.responses.200.headers.ETag",
      REMOVED,
      /header ETag: was removed/,
    ],
    [
      "a response's media type removed",
      "get.responses.200.content",
      { text: {} },
      /json: was removed/,
    ],
    ["a response's field removed", "field.size", REMOVED, /\.size: was removed/],
    ["a response's field of another type", "field.id.type", "integer", /\.id: type/],
    ["a response's field made nullable", "field.id.type", ["string", "null"], /\.id: type/],
    ["a response's field of another format", "field.id.format", "email", /\.id: format/],
    ["a response's field made optional", "response.required", ["id"], /\.kind: is optional/],
    ["a response's enum value removed", "field.kind.enum", ["a"], /enum lost "b"/],
    ["a response's entries of another type", "field.tags.items.type", "integer", /tags\[\]: type/],
    [
      "a response's free values of another type",
      "field.own.additionalProperties.type",
      "integer",
      /own\.\*: type/,
    ],
    ["a response's alternative removed", "field.part.oneOf.1", part().oneOf[0], /part<2>/],
    ["a body made required", "put.requestBody.required", true, /body: is required now/],
    ["a body's media type removed", "put.requestBody.content.json", REMOVED, /json: was removed/],
    ["a request's field removed", "sent.kind", REMOVED, /\.kind: was removed/],
    ["a request's field made required", "body.required", ["name", "kind"], /kind: is required now/],
    ["a request's enum value removed", "sent.kind.enum", ["a"], /enum lost "b"/],
    ["a request's field bound to an enum", "sent.name.enum", ["x"], /accepts only/],
    ["a request's field made non-nullable", "sent.size.type", "integer", /\.size: type/],
    ["a request's lower bound raised", "sent.size.minimum", 1, /minimum is 1, was 0/],
    ["a request's upper bound lowered", "sent.name.maxLength", 100, /maxLength is 100, was 200/],
    ["a request's bound added", "sent.code.maxLength", 9, /maxLength is 9, was nothing/],
    ["a request's pattern changed", "sent.code.pattern", "^[a-f]+$", /pattern/],
    ["a request's format added", "sent.code.format", "uuid", /format/],
    ["a request's default changed", "sent.size.default", 6, /default is 6, was 5/],
    ["a request's default removed", "sent.size.default", REMOVED, /default is nothing, was 5/],
    [
      "a default added in the description",
      "sent.name.description",
      "Defaults to `x`.",
      /default is x, was/,
    ],
    ["a request's alternative removed", "sent.part.oneOf.1", part().oneOf[0], /part<2>/],
    ["unknown fields refused", "body.additionalProperties", false, /refuses unknown fields/],
    ["an event removed", "webhooks.done", REMOVED, /done: was removed/],
    ["an event's header removed", "event.parameters.0", REMOVED, /X-Id: was removed/],
  ])("%s", (_name, place, value, expected) => {
    expect(breakingChanges(changed(), changed(place, value)).join("\n")).toMatch(expected);
  });

  test("a breaking change of an event is found like one of a response", () => {
    expect(breakingChanges(changed(), changed("field.size", REMOVED))).toEqual([
      "GET /v1/things 200.size: was removed",
      "POST done body.size: was removed",
    ]);
  });
});

describe("an addition is not a breaking change", () => {
  test.each([
    ["nothing at all", undefined, undefined],
    ["a path", "paths./v1/others", { get: {} }],
    ["an optional parameter", "get.parameters.2", { name: "x", in: "query" }],
    ["a status", "get.responses.409", {}],
    ["a field of a response", "field.more", { type: "string" }],
    ["an enum value of a response", "field.kind.enum", ["a", "b", "c"]],
    ["a field that is always in the response", "response.required", ["id", "kind", "size"]],
    ["a field that is no longer null", "field.size.type", "integer"],
    ["an alternative of a response", "field.part.oneOf.2", { type: "null" }],
    ["an optional field of a request", "sent.more", { type: "string" }],
    ["an enum value of a request", "sent.kind.enum", ["a", "b", "c"]],
    ["a looser bound", "sent.name.maxLength", 300],
    ["a bound removed", "sent.name.maxLength", REMOVED],
    ["a pattern removed", "sent.code.pattern", REMOVED],
    ["null accepted in a request", "sent.name.type", ["string", "null"]],
    ["an alternative of a request", "sent.part.oneOf.2", { type: "null" }],
    ["a field no longer required", "body.required", []],
    [
      "a default moved to the description",
      "sent.size",
      { type: ["integer", "null"], minimum: 0, maximum: 10, description: "Defaults to `5`." },
    ],
    ["an event", "webhooks.undone", { post: {} }],
    [
      "a schema written inline",
      "get.responses.200.content.json.schema",
      document().components.schemas.Thing,
    ],
  ])("%s", (_name, place, value) => {
    expect(breakingChanges(changed(), changed(place, value))).toEqual([]);
  });
});
