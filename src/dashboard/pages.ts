/**
 * Serves the dashboard's pages: one HTML document for the path of every page, and the scripts and styles that it loads,
 * which are built beforehand and carried inside the executable.
 */
import { existsSync, readdirSync } from "node:fs";
import { extname, join } from "node:path";
import { type Asset, policyOf, sendAsset, toAsset } from "../http/assets.ts";
import { targetOf } from "../http/target.ts";
import type { Random } from "../lib/random.ts";
import { MOCK_PAGES, PAGE_PATHS, type PageName } from "./page-paths.ts";

/** Inside the executable, and where scripts/build leaves them for a start from the source. */
const PLACES = [join(import.meta.dir, "dashboard"), join(import.meta.dir, "../../dist/dashboard")];

const TYPES: Record<string, string> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

const firstSegment = (path: string) => path.split("/")[1] ?? "";

/** The pages of every server. */
const COMMON_PAGES = (Object.keys(PAGE_PATHS) as PageName[]).filter(
  (page) => !MOCK_PAGES.includes(page),
);

/** First segments of the paths for programs, which never get a page, whatever they accept. */
const APIS = new Set(["v1", "platform", "dashboard", "openapi.json", "health"]);

/** The build writes this placeholder into the document; each response replaces it with a new nonce. */
const NONCE = "{{nonce}}";
const NONCE_BYTES = 16;

export interface Pages {
  /** The paths of scripts and styles. */
  paths: readonly string[];
  /** One of `paths`. */
  asset(path: string, request: Request): Promise<Response>;
  /** The document, or null where the request is not for a page. */
  document(request: Request): Promise<Response> | null;
}

/** `more`: pages that this server has in addition to those of every server. */
export function createPages(random: Random, more: readonly PageName[] = []): Pages {
  const segments = new Set(
    [...COMMON_PAGES, ...more].map((page) => firstSegment(PAGE_PATHS[page])),
  );
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
        // Each response has its own nonce.
        "Cache-Control": "no-store",
        // The components add styles at run time; those carry the nonce.
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
      const first = firstSegment(path);
      const known = first === "" ? path === "/" : segments.has(first);
      if (!known && (APIS.has(first) || !request.headers.get("accept")?.includes("text/html")))
        return null;
      return html(request, known ? 200 : 404);
    },
  };
}
