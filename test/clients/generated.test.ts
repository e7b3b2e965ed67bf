/**
 * Clients that others' generators make of the document a mock hands out, by the commands of /docs/mock and without an
 * edit: a program written against their types passes the type check of TypeScript 5 and 7, and does what it says.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { GENERATORS } from "../../src/docs/mock-page.ts";
import { temporaryProject } from "../support/project.ts";
import openapiFetchProgram from "./programs/openapi-fetch.ts.txt" with { type: "text" };
import openapiTsProgram from "./programs/openapi-ts.ts.txt" with { type: "text" };
import { generate, type MockServer, startMockServer } from "./world.ts";

let mock: MockServer;
beforeAll(async () => {
  mock = await startMockServer(25);
});
afterAll(() => mock?.[Symbol.asyncDispose]());

const [forTypes, forClient] = GENERATORS.split("\n");

describe.each([
  {
    name: "openapi-typescript and openapi-fetch",
    command: forTypes!,
    program: openapiFetchProgram,
  },
  { name: "@hey-api/openapi-ts", command: forClient!, program: openapiTsProgram },
])("$name", ({ command, program }) => {
  const project = temporaryProject(["openapi-fetch"]);
  afterAll(() => project[Symbol.dispose]());
  beforeAll(async () => {
    await project.write({ "program.ts": program });
    await generate(command, mock, project);
  }, 30_000);

  test.each(["typescript", "typescript-5"] as const)(
    "the types hold, by %s",
    (typescript) => project.checkTypes(["program.ts"], { typescript }),
    30_000,
  );

  test("the program does what it says", async () => {
    const { run } = (await import(join(project.path, "program.ts"))) as {
      run(url: string, key: string): Promise<Record<string, unknown>>;
    };
    expect(await run(mock.url, mock.write_key)).toEqual({
      pages: [10, 10, 5],
      summaries: Array.from({ length: 25 }, (_, i) => `Call ${24 - i}.`),
      updated: "Anna",
      late: "precondition_failed",
      read: "Anna",
      refused: [400, "validation_failed", expect.stringContaining("+")],
      deleted: 204,
      gone: "not_found",
      subscription: [true, ["call.ended", "contact.created"], "whsec_"],
    });
  }, 30_000);
});
