/** A client that retries, against faults that go away: what is asked for happens, and happens once. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import ky, { HTTPError } from "ky";
import { type MockServer, startMockServer } from "./world.ts";

let mock: MockServer;
beforeAll(async () => {
  mock = await startMockServer(1);
});
afterAll(() => mock?.[Symbol.asyncDispose]());

interface Contact {
  id: string;
  phone_number: string;
}

/** `attempts` is told what each was answered with; 0 for nothing. */
function connect(attempts: number[]) {
  return ky.extend({
    prefix: `${mock.url}/v1/`,
    headers: { authorization: `Bearer ${mock.write_key}` },
    retry: { limit: 3, methods: ["get", "post"], backoffLimit: 100 },
    fetch: async (...request: Parameters<typeof fetch>) => {
      const answer = await fetch(...request).catch((error) => {
        attempts.push(0);
        throw error;
      });
      attempts.push(answer.status);
      return answer;
    },
  });
}

const madeOf = async (phone_number: string) =>
  (await connect([])("contacts", { searchParams: { phone_number } }).json<{ data: Contact[] }>())
    .data;

/** A create that is safe to repeat, also when the answer breaks off while it is read. */
async function create(phone_number: string, fault: string, attempts: number[]): Promise<Contact> {
  const api = connect(attempts);
  const headers = { "idempotency-key": crypto.randomUUID(), "x-mock-fault": fault };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const made = api.post("contacts", { json: { phone_number }, headers });
      return (await made.json<{ data: Contact }>()).data;
    } catch (error) {
      if (error instanceof HTTPError || attempt === 3) throw error;
    }
  }
}

test("GET gets through 429 when it waits as Retry-After says", async () => {
  const attempts: number[] = [];
  const started = performance.now();
  const headers = { "x-mock-fault": "429;times=2;retry-after=1" };
  const page = await connect(attempts)("calls", { headers }).json<{ data: unknown[] }>();
  expect([attempts, page.data.length]).toEqual([[429, 429, 200], 1]);
  expect(performance.now() - started).toBeGreaterThanOrEqual(2_000);
}, 20_000);

test.each([
  { fault: "429;times=2", number: "+15550100201", attempts: [429, 429, 201] },
  { fault: "503;times=1", number: "+15550100202", attempts: [503, 201] },
  { fault: "drop;times=1", number: "+15550100203", attempts: [0, 201] },
  { fault: "truncate;times=1", number: "+15550100204", attempts: [201, 201] },
])(
  "POST with an Idempotency-Key gets through $fault and makes one contact",
  async ({ fault, number, attempts }) => {
    const met: number[] = [];
    const made = await create(number, fault, met);
    expect(met).toEqual([...attempts]);
    expect(await madeOf(number)).toEqual([expect.objectContaining({ id: made.id })]);
  },
  20_000,
);
