/** The latest requests to a mock with their responses, for the page /mock. In memory and bounded. */
import type { ApiKey } from "../access/keys.ts";
import { FAULT_HEADER } from "../contract/fault-header.ts";
import { MOCK_KEYS } from "../contract/mock-keys.ts";
import type { RecentDetail, RecentRequest } from "../dashboard/mock-answers.ts";
import { targetOf } from "../http/target.ts";

const MAX_REQUESTS = 200;
/** Longer request bodies are not recorded. */
const MAX_BODY_BYTES = 64 * 1024;
/** The request headers that are shown. */
const SHOWN_HEADERS = new Set([
  "content-type",
  "idempotency-key",
  "if-match",
  "if-none-match",
  "x-request-id",
  FAULT_HEADER,
  "user-agent",
  "accept",
]);

interface RecordedRequest extends RecentRequest {
  headers: Headers;
  /** A copy that can be read after the original was consumed; null without a recorded body. */
  requestBody: Pick<Request, "text"> | null;
  responseBody: Pick<Response, "text"> | null;
  responseHeaders: Headers;
}

export interface Recent {
  /**
   * Starts to record a request; to be called before its body is read. The returned function adds the response and
   * completes the record.
   */
  record(
    request: Request,
    key: ApiKey | null,
    at: string,
  ): (response: Response, outcome: { ms: number; fault: string | null }) => void;
  /** The requests after the one with this number, newest first. */
  list(after: number): RecentRequest[];
  /** A request with its bodies; null if it is not recorded (any more). */
  find(number: number): Promise<RecentDetail | null>;
}

export function createRecent(): Recent {
  const requests: RecordedRequest[] = [];
  let lastNumber = 0;

  return {
    record(request, key, at) {
      lastNumber += 1;
      const entry = startRecord(request, key, at, lastNumber);
      return (response, { ms, fault }) => {
        const isBroken = fault !== null && /^(drop|truncate)/.test(fault);
        Object.assign(entry, { ms, fault, status: response.status });
        entry.responseHeaders = response.headers;
        entry.responseBody = isBroken || isStream(response.headers) ? null : response.clone();
        if (requests.push(entry) > MAX_REQUESTS) requests.shift();
      };
    },
    list: (after) =>
      requests
        .filter((entry) => entry.number > after)
        .map(summaryOf)
        .reverse(),
    async find(number) {
      const entry = requests.find((each) => each.number === number);
      if (!entry) return null;
      const [sent, answered] = await Promise.all([
        entry.requestBody?.text(),
        entry.responseBody?.text(),
      ]);
      // A body can be read only once, so its text takes its place.
      entry.requestBody = sent === undefined ? null : { text: async () => sent };
      entry.responseBody = answered === undefined ? null : { text: async () => answered };
      return {
        ...summaryOf(entry),
        curl: formatCurl(entry, sent ?? ""),
        request: { headers: headersOf(entry.headers, SHOWN_HEADERS), body: sent ?? "" },
        answer: { headers: headersOf(entry.responseHeaders), body: answered ?? "" },
      };
    },
  };
}

function startRecord(
  request: Request,
  key: ApiKey | null,
  at: string,
  number: number,
): RecordedRequest {
  const { method, url, headers } = request;
  return {
    number,
    at,
    method,
    path: targetOf(request).path,
    url,
    key: key?.name ?? null,
    status: null,
    ms: null,
    fault: null,
    headers,
    requestBody: method === "GET" || isTooLong(headers) ? null : request.clone(),
    responseBody: null,
    responseHeaders: new Headers(),
  };
}

const summaryOf = (entry: RecordedRequest): RecentRequest => {
  const { number, at, method, path, url, key, status, ms, fault } = entry;
  return { number, at, method, path, url, key, status, ms, fault };
};

const isTooLong = (headers: Headers) =>
  Number(headers.get("content-length") ?? 0) > MAX_BODY_BYTES || headers.has("transfer-encoding");
const isStream = (headers: Headers) => headers.get("content-type") === "application/x-ndjson";

const headersOf = (headers: Headers, shown?: ReadonlySet<string>): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => shown?.has(name) ?? true));

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** The same request as a curl command. Any key other than the mock's own is left out. */
function formatCurl({ method, url, headers }: RecordedRequest, body: string): string {
  const words = ["curl"];
  if (method !== "GET") words.push(`-X ${method}`);
  const authorization = headers.get("authorization");
  if (authorization !== null) {
    const isMockKey = Object.values(MOCK_KEYS).some((key) => authorization === `Bearer ${key}`);
    words.push(
      isMockKey
        ? `-H ${quote(`authorization: ${authorization}`)}`
        : '-H "authorization: Bearer $KEY"',
    );
  }
  for (const [name, value] of Object.entries(headersOf(headers, SHOWN_HEADERS)))
    if (name !== "user-agent" && !(name === "accept" && value === "*/*"))
      words.push(`-H ${quote(`${name}: ${value}`)}`);
  if (body !== "") words.push(`-d ${quote(body)}`);
  words.push(quote(url));
  return words.join(" ");
}
