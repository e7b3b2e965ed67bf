/** The latest requests to a mock and what they were answered, for the page that shows them. In memory, bounded. */
import type { ApiKey } from "../access/keys.ts";
import { MOCK_KEYS } from "../contract/mock-keys.ts";
import type { RecentDetail, RecentRequest } from "../dashboard/mock-answers.ts";
import { targetOf } from "../http/target.ts";

const KEPT = 200;
/** Longer bodies are told of by their size alone. */
const BODY_BYTES = 64 * 1024;
/** Of the request's headers, those that say what it means. */
const TOLD_HEADERS = new Set([
  ...[
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-request-id",
    "x-mock-fault",
  ],
  ...["user-agent", "accept"],
]);

interface Kept extends RecentRequest {
  headers: Headers;
  /** Copies that can still be read when the originals are gone; null for none. */
  sent: Pick<Request, "text"> | null;
  answered: Pick<Response, "text"> | null;
  answerHeaders: Headers;
}

export interface Recent {
  /** To be called before anything reads the request; what is returned, when it is answered. */
  note(request: Request, key: ApiKey | null, at: string): (response: Response, told: Told) => void;
  /** The newest first, those after the one of this number. */
  list(after: number): RecentRequest[];
  /** One with its bodies; null for one that is not kept any more. */
  find(number: number): Promise<RecentDetail | null>;
}
interface Told {
  ms: number;
  fault: string | null;
}

export function createRecent(): Recent {
  const kept: Kept[] = [];
  let number = 0;

  return {
    note(request, key, at) {
      const { method, url, headers } = request;
      const entry: Kept = {
        ...{ number: ++number, at, method, path: targetOf(request).path, url, headers },
        ...{ key: key?.name ?? null, status: null, ms: null, fault: null },
        ...{ answered: null, answerHeaders: new Headers() },
        sent: method === "GET" || tooLong(headers) ? null : request.clone(),
      };
      return (response, { ms, fault }) => {
        const broken = fault !== null && /^(drop|truncate)/.test(fault);
        Object.assign(entry, { ms, fault, status: response.status });
        entry.answerHeaders = response.headers;
        entry.answered = broken || isStream(response.headers) ? null : response.clone();
        if (kept.push(entry) > KEPT) kept.shift();
      };
    },
    list: (after) =>
      kept
        .filter((entry) => entry.number > after)
        .map(summary)
        .reverse(),
    async find(wanted) {
      const entry = kept.find((each) => each.number === wanted);
      if (!entry) return null;
      // Read once, and kept as text from then on.
      const [sent, answered] = await Promise.all([entry.sent?.text(), entry.answered?.text()]);
      entry.sent = sent === undefined ? null : { text: async () => sent };
      entry.answered = answered === undefined ? null : { text: async () => answered };
      return {
        ...summary(entry),
        curl: asCurl(entry, sent ?? ""),
        request: { headers: headersOf(entry.headers, TOLD_HEADERS), body: sent ?? "" },
        answer: { headers: headersOf(entry.answerHeaders), body: answered ?? "" },
      };
    },
  };
}

const summary = (entry: Kept): RecentRequest => {
  const { number, at, method, path, url, key, status, ms, fault } = entry;
  return { number, at, method, path, url, key, status, ms, fault };
};

const tooLong = (headers: Headers) =>
  Number(headers.get("content-length") ?? 0) > BODY_BYTES || headers.has("transfer-encoding");
const isStream = (headers: Headers) => headers.get("content-type") === "application/x-ndjson";

const headersOf = (headers: Headers, told?: ReadonlySet<string>): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => told?.has(name) ?? true));

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** The same request for a shell. A key that is none of the mock's own stays out of it. */
function asCurl({ method, url, headers: sent }: Kept, body: string): string {
  const authorization = sent.get("authorization");
  const own = Object.values(MOCK_KEYS).some((key) => authorization === `Bearer ${key}`);
  const headers = Object.entries(headersOf(sent, TOLD_HEADERS))
    .filter(([name, value]) => name !== "user-agent" && !(name === "accept" && value === "*/*"))
    .map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  return [
    "curl",
    ...(method === "GET" ? [] : [`-X ${method}`]),
    ...(authorization === null
      ? []
      : [
          own
            ? `-H ${quoted(`authorization: ${authorization}`)}`
            : '-H "authorization: Bearer $KEY"',
        ]),
    ...headers,
    ...(body === "" ? [] : [`-d ${quoted(body)}`]),
    quoted(url),
  ].join(" ");
}
