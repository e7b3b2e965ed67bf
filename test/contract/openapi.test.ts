/** The OpenAPI document matches the routes, is valid, and never breaks what it promised before. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { validate } from "@scalar/openapi-parser";
import Ajv2020 from "ajv/dist/2020";
import addFormats from "ajv-formats";
import { openApiDocument } from "../../src/app.ts";
import { defaultConfig } from "../../src/config.ts";
import { ERRORS } from "../../src/contract/errors.ts";
import { EVENT_TYPES } from "../../src/contract/event-types.ts";
import { errorsOf } from "../../src/docs/error-responses.ts";
import type { Route } from "../../src/http/route.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { breakingChanges } from "./openapi-diff.ts";

type Json = Record<string, unknown>;
interface Operation extends Json {
  operationId: string;
  tags: string[];
  parameters: Json[];
  requestBody?: { content: Record<string, { example?: object }> };
  responses: Record<string, Json>;
}
interface Document extends Json {
  info: { version: string; description: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  webhooks: Record<string, { post: Operation }>;
  components: Record<string, Record<string, Json>>;
}

const document = openApiDocument(defaultConfig()) as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ":$1")}`,
    operation,
  })),
);

let server: TestServer;
let routes: readonly Route[];
beforeAll(async () => {
  server = await startTestServer();
  routes = server.server.routes;
});
afterAll(() => server[Symbol.asyncDispose]());

/** Follows a reference within the document. */
function resolved(node: Json): Json {
  if (typeof node.$ref !== "string") return node;
  const found = node.$ref
    .slice(2)
    .split("/")
    .reduce<unknown>((inner, key) => (inner as Json)?.[key], document);
  if (found === undefined) throw new Error(`${node.$ref} does not exist`);
  return found as Json;
}

describe("compatibility", () => {
  const file = join(import.meta.dir, "openapi.json");
  const committed = () => Bun.file(file).json() as Promise<object>;
  // The version of the program is not part of the contract.
  const promised = { ...document, info: { ...document.info, version: "1" } };
  const text = `${JSON.stringify(promised, null, 2)}\n`;
  const isUpdating = process.env.UPDATE_SNAPSHOT === "1";

  test("removes, renames, retypes and tightens nothing of the committed document", async () => {
    if (isUpdating && !(await Bun.file(file).exists())) await Bun.write(file, text);
    expect(breakingChanges(await committed(), promised)).toEqual([]);
  });

  test("equals the committed document, so reviews see every addition", async () => {
    if (isUpdating && breakingChanges(await committed(), promised).length === 0) {
      await Bun.write(file, text);
    }
    if ((await Bun.file(file).text()) !== text) {
      throw new Error(
        "The OpenAPI document differs from the committed one. If the change is intended, run `UPDATE_SNAPSHOT=1 bun test test/contract/openapi.test.ts`, review the diff of test/contract/openapi.json and commit it. Breaking changes are refused even then.",
      );
    }
  });

  test("the server returns the same document with its own address", async () => {
    const answer = await fetch(`${server.url}/openapi.json`);
    const served = (await answer.json()) as Document;
    const { reads, writes } = { reads: 1_000_000, writes: 1_000_000 };
    const config = defaultConfig({ readsPerMinute: reads, writesPerMinute: writes });
    expect(served).toEqual({
      ...(openApiDocument(config) as Document),
      servers: [{ url: server.url, description: "This server" }],
    });
  });

  test("is the same every time it is built", () => {
    expect(JSON.stringify(openApiDocument(defaultConfig()))).toBe(JSON.stringify(document));
  });
});

describe("validity", () => {
  test("passes the recommended rules of redocly", async () => {
    using directory = temporaryDirectory();
    const file = join(directory.path, "openapi.json");
    await Bun.write(file, JSON.stringify(document));
    const redocly = join(import.meta.dir, "../../node_modules/.bin/redocly");
    const lint = Bun.spawn(
      [process.execPath, "--bun", redocly, "lint", "--extends=recommended", "--format=json", file],
      {
        cwd: directory.path,
        // Disables its telemetry and its check for a newer version.
        env: {
          PATH: process.env.PATH,
          HOME: directory.path,
          REDOCLY_TELEMETRY: "off",
          REDOCLY_SUPPRESS_UPDATE_NOTICE: "true",
          BUN_BE_BUN: "1",
        },
        stdout: "pipe",
        stderr: "pipe",
      },
    );
    const [out, err, code] = await Promise.all([
      new Response(lint.stdout).text(),
      new Response(lint.stderr).text(),
      lint.exited,
    ]);
    const { totals, problems } = JSON.parse(out) as { totals: Json; problems: unknown };
    expect([code, totals, problems, err]).toEqual([
      0,
      { errors: 0, warnings: 0, ignored: 0 },
      [],
      expect.any(String),
    ]);
  }, 30_000);

  test("is valid for Scalar's parser", async () => {
    const { valid, errors } = await validate(structuredClone(document));
    expect([valid, errors ?? []]).toEqual([true, []]);
  });
});

/** Yields every schema of the document with its examples. */
function* schemasWithExamples(): Generator<{ where: string; schema: Json; examples: unknown[] }> {
  const of = (node: Json): unknown[] => [
    ...("example" in node ? [node.example] : []),
    ...Object.values((node.examples ?? {}) as Record<string, { value: unknown }>).map(
      ({ value }) => value,
    ),
  ];
  function* contents(where: string, node: Json) {
    for (const [type, media] of Object.entries((node.content ?? {}) as Record<string, Json>))
      yield { where: `${where} ${type}`, schema: media.schema as Json, examples: of(media) };
  }
  const events = Object.entries(document.webhooks).map(([name, { post }]) => ({
    name,
    operation: post,
  }));
  for (const { name, operation } of [...operations, ...events]) {
    for (const parameter of operation.parameters.map(resolved)) {
      const where = `${name} ${parameter.name}`;
      yield { where, schema: parameter.schema as Json, examples: of(parameter) };
    }
    yield* contents(`${name} body`, resolved((operation.requestBody ?? {}) as Json));
    for (const [status, response] of Object.entries(operation.responses)) {
      const { headers = {}, ...rest } = resolved(response) as { headers?: Record<string, Json> };
      yield* contents(`${name} ${status}`, rest as Json);
      for (const [header, reference] of Object.entries(headers)) {
        const node = resolved(reference);
        const where = `${name} ${status} ${header}`;
        yield { where, schema: node.schema as Json, examples: of(node) };
      }
    }
  }
}

describe("every example is valid", () => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
  addFormats(ajv);
  ajv.addVocabulary(["components"]);
  // References between schemas start at the root of the document.
  ajv.addSchema({ $id: "document", components: document.components }, "document", false, false);
  const compiled = new Map<string, ReturnType<typeof ajv.compile>>();
  const check = (schema: Json) => {
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/');
    const known = compiled.get(text) ?? ajv.compile(JSON.parse(text));
    compiled.set(text, known);
    return known;
  };

  test("of every parameter, header, body and response", () => {
    let count = 0;
    for (const { where, schema, examples } of schemasWithExamples()) {
      const valid = check(schema);
      for (const example of examples) {
        void valid(example);
        expect([where, valid.errors ?? []]).toEqual([where, []]);
        count += 1;
      }
      // A cursor is opaque, so it has no example.
      if (!where.endsWith(" cursor")) expect([where, examples.length]).not.toEqual([where, 0]);
    }
    expect(count).toBeGreaterThan(500);
  });

  test("of every field of every component", () => {
    const walk = (where: string, node: unknown) => {
      if (node === null || typeof node !== "object") return;
      const { examples, ...schema } = node as { examples?: unknown[] } & Json;
      for (const example of Array.isArray(examples) ? examples : []) {
        const valid = check(schema);
        void valid(example);
        expect([where, valid.errors ?? []]).toEqual([where, []]);
      }
      for (const [key, value] of Object.entries(schema)) {
        if (key !== "default") walk(`${where}.${key}`, value);
      }
    };
    for (const [name, schema] of Object.entries(document.components.schemas!)) walk(name, schema);
  });
});

describe("the document matches the server", () => {
  test("contains every route and nothing else", () => {
    const served = routes.map(({ method, path }) => `${method} ${path}`);
    expect(operations.map(({ name }) => name).sort()).toEqual(served.sort());
    expect(Object.keys(document.webhooks)).toEqual([...EVENT_TYPES]);
  });

  test("every operation has a unique name, a summary and a known section", () => {
    const sections = document.tags.map(({ name }) => name);
    const names = operations.map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, operation } of operations) {
      expect([name, operation.summary]).toEqual([name, expect.stringMatching(/\w/)]);
      expect([name, sections.includes(operation.tags[0]!)]).toEqual([name, true]);
    }
    for (const { name, description } of document.tags)
      expect([name, description]).not.toContain("");
  });

  test("every operation lists all errors that it can return, each with an example", () => {
    for (const { name, operation } of operations) {
      const route = routes.find(({ method, path }) => `${method} ${path}` === name)!;
      const listed = Object.entries(operation.responses)
        .filter(([status]) => Number(status) >= 400)
        .flatMap(([status, response]) => {
          const { content } = resolved(response) as {
            content: { "application/json": { examples: Record<string, { value: Json }> } };
          };
          return Object.values(content["application/json"].examples).map(
            ({ value }) => `${status} ${value.error}`,
          );
        });
      const expected = errorsOf(route).map((code) => `${ERRORS[code].status} ${code}`);
      expect([name, [...new Set(listed)].sort()]).toEqual([name, expected.sort()]);
    }
  });

  test("contains every request body", () => {
    for (const { name, operation } of operations) {
      const route = routes.find(({ method, path }) => `${method} ${path}` === name)!;
      const hasBody = ("body" in route && route.body !== undefined) || "line" in route;
      expect([name, operation.requestBody !== undefined]).toEqual([name, hasBody]);
    }
  });

  test("contains no address of another host", () => {
    const addresses = JSON.stringify(document).match(/https?:\/\/[^\s"'`)\\]+/g) ?? [];
    const hosts = new Set(addresses.map((address) => new URL(address).hostname));
    const examples = ["127.0.0.1", "allison.example", "example.com", "recordings.example"];
    expect([...hosts].filter((host) => !examples.includes(host))).toEqual([]);
  });

  test("every text in a request states its maximum length", () => {
    const unbounded: string[] = [];
    const walk = (where: string, node: Json) => {
      const types = [node.type].flat();
      const bounded = ["enum", "const", "format", "pattern", "maxLength"].some(
        (key) => key in node,
      );
      if (types.includes("string") && !bounded) unbounded.push(where);
      for (const [name, property] of Object.entries((node.properties ?? {}) as Json))
        walk(`${where}.${name}`, property as Json);
      for (const option of [node.oneOf, node.anyOf].flatMap((list) => (list ?? []) as Json[]))
        walk(where, option);
      if (node.items) walk(`${where}[]`, node.items as Json);
    };
    for (const [name, schema] of Object.entries(document.components.schemas!))
      if (/Create$|Update$|Record$|Move$|Test$/.test(name)) walk(name, schema);
    // The server checks them against the list of time zones, and as phone numbers and times of day, which are short.
    const isChecked = /\.(timezone|open|close|(phone|from|to|callback)_number)$/;
    expect(unbounded.filter((where) => !isChecked.test(where))).toEqual([]);
  });

  test("is readable for generators of clients: no tag is shared with an event, no object is nullable inline", () => {
    const used = new Set(operations.flatMap(({ operation }) => operation.tags));
    const shared = Object.values(document.webhooks).filter(({ post }) => used.has(post.tags[0]!));
    expect(shared).toEqual([]);

    const inline: string[] = [];
    const walk = (where: string, node: unknown) => {
      if (node === null || typeof node !== "object") return;
      const { type, oneOf } = node as { type?: unknown; oneOf?: Json[] };
      const types = [type, ...(oneOf ?? []).map((option) => option.type)].flat();
      if (types.includes("null") && types.includes("object")) inline.push(where);
      for (const [key, value] of Object.entries(node)) walk(`${where}/${key}`, value);
    };
    walk("", document);
    expect(inline).toEqual([]);
  });

  test("describes every operation", () => {
    expect(operations.filter(({ operation }) => !operation.description)).toEqual([]);
  });
});

test("a new server accepts every example of a request that creates an object", async () => {
  await using fresh = await startTestServer();
  for (const { name, operation } of operations) {
    if (!name.startsWith("POST /v1/") || name.includes("/:")) continue;
    const { example } = operation.requestBody!.content["application/json"]!;
    const { status, body } = await fresh.write.post(name.replace("POST ", ""), example);
    expect([name, status, body.error]).toEqual([name, 201, undefined]);
  }
});
