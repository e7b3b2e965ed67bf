/** Requests of a command to a server. Without `fetch`, which would use a proxy that the environment names. */
import { type IncomingMessage, request as requestPlain } from "node:http";
import { type RequestOptions, request as requestSecure } from "node:https";

export interface ServerResponse {
  status: number;
  text: string;
  /** The JSON value of the body; null for a body that is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: the shape of a response depends on the endpoint.
  body: any;
}

export interface SendOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** The longest time for the whole exchange. */
  timeoutMs?: number;
  /** Accepts any certificate: the server's own names its public host, not the loopback address. */
  anyCertificate?: boolean;
}

const DEFAULT_TIMEOUT_MS = 10_000;

/** Sends a request. Rejects with an Error whose message completes "because …". */
export function sendRequest(url: string, options: SendOptions = {}): Promise<ServerResponse> {
  const { method = "GET", headers = {}, body, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const { promise, resolve, reject } = Promise.withResolvers<ServerResponse>();
  const requestOptions: RequestOptions = {
    method,
    headers,
    agent: false,
    timeout: timeoutMs,
    rejectUnauthorized: !options.anyCertificate,
    signal: AbortSignal.timeout(timeoutMs),
  };
  const rejectLate = () => reject(new Error(`it did not answer within ${timeoutMs / 1000} s`));
  const readResponse = async (response: IncomingMessage) => {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    resolve({ status: response.statusCode!, text, body: parseJson(text) });
  };
  const request = url.startsWith("https:") ? requestSecure : requestPlain;
  request(url, requestOptions, (response) => void readResponse(response).catch(reject))
    .on("timeout", rejectLate)
    .on("error", (error) =>
      error.name === "AbortError" || error.name === "TimeoutError"
        ? rejectLate()
        : reject(new Error(`it cannot be reached (${error.message})`)),
    )
    .end(body);
  return promise;
}

/** The message for a server that cannot be reached. */
export const noServerText = (server: string) =>
  `No server answers at ${server}; start one with allison mock, or name it with --server.`;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
