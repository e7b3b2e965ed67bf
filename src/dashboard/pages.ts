/**
 * The dashboard's pages: one HTML document for every address of theirs, and the scripts and styles it is made of, built
 * beforehand and carried inside the executable.
 */
import { existsSync, readdirSync } from "node:fs";
import { extname, join } from "node:path";
import { type Asset, policyOf, sendAsset, toAsset } from "../http/assets.ts";
import { targetOf } from "../http/target.ts";
import type { Random } from "../lib/random.ts";

/** Inside the executable, and where scripts/build leaves them for a start from the source. */
const PLACES = [join(import.meta.dir, "dashboard"), join(import.meta.dir, "../../dist/dashboard")];

const TYPES: Record<string, string> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The first part of each page's address; under any other the page itself says that there is nothing. */
const PAGES = new Set([
  ...["attention", "calls", "contacts", "knowledge", "locations", "team", "rules", "intents"],
  ...["webhooks", "settings", "sign-in", "welcome"],
]);

/** What programs ask gets no page, whatever they accept. */
const APIS = new Set(["v1", "platform", "dashboard", "openapi.json", "health"]);

/** Where the document holds the mark of the answer's own styles; the build puts it there. */
const NONCE = "{{nonce}}";
const NONCE_BYTES = 16;

export interface Pages {
  /** Of scripts and styles. */
  paths: readonly string[];
  /** One of `paths`. */
  asset(path: string, request: Request): Promise<Response>;
  /** The document, or null where no page is meant. */
  document(request: Request): Promise<Response> | null;
}

/** `more`: first parts of addresses that only this server has pages for. */
export function createPages(random: Random, more: readonly string[] = []): Pages {
  const place = PLACES.find((path) => existsSync(path));
  if (place === undefined) throw new Error("The dashboard is not built; run scripts/build.");
  const files = readdirSync(place, { recursive: true, encoding: "utf8" }).filter(
    (name) => extname(name) in TYPES,
  );
  const paths = files.map((name) => `/${name}`);
  const assets = new Map<string, Promise<Asset>>();
  let template: Promise<string> | undefined;

  async function read(path: string): Promise<Asset> {
    const text = await Bun.file(join(place!, path)).text();
    return toAsset({ type: TYPES[extname(path)]!, text, immutable: path.startsWith("/assets/") });
  }

  async function html(request: Request, status: 200 | 404): Promise<Response> {
    template ??= Bun.file(join(place!, "index.html")).text();
    const nonce = Buffer.from(random.bytes(NONCE_BYTES)).toString("base64url");
    const text = (await template).replaceAll(NONCE, nonce);
    return new Response(request.method === "HEAD" ? null : text, {
      status,
      headers: {
        "Content-Type": "text/html; charset=utf-8",
        // Another one each time, for the nonce.
        "Cache-Control": "no-store",
        // Scripts only from here; styles from here or with the nonce, for those that the components make.
        "Content-Security-Policy": policyOf(
          "script-src 'self'",
          `style-src 'self' 'nonce-${nonce}'`,
          "connect-src 'self'",
          "img-src 'self' data:",
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
      },
    });
  }

  return {
    paths,
    async asset(path, request) {
      const asset = assets.get(path) ?? read(path);
      assets.set(path, asset);
      return sendAsset(await asset, request);
    },
    document(request) {
      if (request.method !== "GET" && request.method !== "HEAD") return null;
      const { path } = targetOf(request);
      const first = path.split("/")[1] ?? "";
      const known = path === "/" || PAGES.has(first) || more.includes(first);
      if (!known && (APIS.has(first) || !request.headers.get("accept")?.includes("text/html")))
        return null;
      return html(request, known ? 200 : 404);
    },
  };
}
