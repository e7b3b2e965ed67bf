/** A request of a command to a server. Not by `fetch`, which would ask a proxy of the environment. */
import { type IncomingMessage, request as requestPlain } from "node:http";
import { type RequestOptions, request as requestSecure } from "node:https";

export interface Reply {
  status: number;
  text: string;
  /** The body's JSON value; null where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into.
  body: any;
}

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** How long the whole may take, in ms. */
  withinMs?: number;
  /** Takes any certificate: the server's own names its public host, not the loopback it is asked at. */
  anyCertificate?: boolean;
}

const USUAL_MS = 10_000;

/** The answer. Rejects with an Error that says in a few words why there is none. */
export function ask(url: string, options: Ask = {}): Promise<Reply> {
  const { method = "GET", headers = {}, body, withinMs = USUAL_MS, anyCertificate } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const wanted: RequestOptions = {
    ...{ method, headers, agent: false, timeout: withinMs },
    rejectUnauthorized: !anyCertificate,
    signal: AbortSignal.timeout(withinMs),
  };
  const late = () => reject(new Error(`it did not answer within ${withinMs / 1000} s`));
  const take = async (response: IncomingMessage) => {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    resolve({ status: response.statusCode!, text, body: jsonOf(text) });
  };
  const request = url.startsWith("https:") ? requestSecure : requestPlain;
  request(url, wanted, (response) => void take(response).catch(reject))
    .on("timeout", late)
    .on("error", (error) =>
      error.name === "AbortError" || error.name === "TimeoutError"
        ? late()
        : reject(new Error(`it cannot be reached (${error.message})`)),
    )
    .end(body);
  return promise;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
