/** A client as an integration would write it: JSON in, JSON out, nothing hidden. */

export interface Answer {
  status: number;
  headers: Headers;
  /** The parsed body; null where there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  body: any;
  text: string;
}

export interface Client {
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  put(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  patch(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  delete(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** Anything else, such as a raw body or another method. */
  send(method: string, path: string, options?: RequestInit): Promise<Answer>;
  /** Every object of a list, page after page. */
  // biome-ignore lint/suspicious/noExplicitAny: see Answer.
  all(path: string, limit?: number): Promise<any[]>;
}

let callers = 0;
/** An address for each request, so that a server told to believe it never holds failed keys against the next test. */
const anotherAddress = () =>
  `10.${(callers >> 16) & 255}.${(callers >> 8) & 255}.${callers++ & 255}`;

export function createClient(url: string, token: string | null): Client {
  async function send(method: string, path: string, options: RequestInit = {}): Promise<Answer> {
    const headers = new Headers(options.headers);
    if (token !== null && !headers.has("authorization"))
      headers.set("authorization", `Bearer ${token}`);
    if (!headers.has("x-forwarded-for")) headers.set("x-forwarded-for", anotherAddress());
    const response = await fetch(url + path, { ...options, method, headers, redirect: "manual" });
    const text = await response.text();
    const json = response.headers.get("content-type")?.startsWith("application/json");
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: json && text !== "" ? JSON.parse(text) : null,
    };
  }
  const withBody =
    (method: string) => (path: string, body?: unknown, headers?: Record<string, string>) =>
      send(method, path, {
        headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
  return {
    send,
    get: (path, headers) => send("GET", path, { headers }),
    post: withBody("POST"),
    put: withBody("PUT"),
    patch: withBody("PATCH"),
    delete: (path, headers) => send("DELETE", path, { headers }),
    async all(path, limit = 100) {
      const found = [];
      for (let cursor: string | null = ""; cursor !== null; ) {
        const page: Answer = await send(
          "GET",
          `${path}${path.includes("?") ? "&" : "?"}limit=${limit}${cursor && `&cursor=${cursor}`}`,
        );
        if (page.status !== 200) throw new Error(`${path} answered ${page.status}: ${page.text}`);
        found.push(...page.body.data);
        cursor = page.body.next_cursor;
      }
      return found;
    },
  };
}
