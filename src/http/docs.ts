/**
 * The pages that need no key: the reference, the page of errors, the page of webhooks, and the OpenAPI document they
 * all stand on. Everything comes from inside the executable; no page asks another host for anything.
 */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
// By the file's own path, for the package does not export it.
import scalarFile from "../../node_modules/@scalar/api-reference/dist/browser/standalone.js" with {
  type: "file",
};
import { version as scalarVersion } from "../../node_modules/@scalar/api-reference/package.json";
import { etagOf, namesTag } from "./conditional.ts";
import { errorsBody } from "./docs/errors-page.ts";
import frameStyle from "./docs/frame.css" with { type: "text" };
import { html, page } from "./docs/html.ts";
import icon from "./docs/icon.svg" with { type: "text" };
import startReference from "./docs/reference.js" with { type: "text" };
import textStyle from "./docs/text.css" with { type: "text" };
import { webhooksBody } from "./docs/webhooks-page.ts";
import { targetOf } from "./target.ts";

export interface DocsOptions {
  /** The OpenAPI document; asked for once, by the first request that needs it. */
  document(): object;
  /** The program's. */
  version: string;
}

export interface Docs {
  /** Every path there is an answer for. */
  paths: readonly string[];
  /** Null for another path, and for another method than GET and HEAD. */
  respond(path: string, request: Request): Promise<Response> | null;
}

interface Source {
  type: string;
  text: string;
  /** Content-Security-Policy; nothing at all is allowed where none is given. */
  policy?: string;
  /** Changes with the content. What is asked for by it may be kept for ever. */
  mark?: string;
  /** Where the text can be read from again, so that a large one need not be held. */
  file?: Blob;
}

const policyOf = (...allowed: string[]) =>
  [
    "default-src 'none'",
    ...allowed,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
const TEXT_POLICY = policyOf("style-src 'self'", "img-src 'self'");
/** The reference's script sets styles, reads the document and sends the reader's own test requests. */
const REFERENCE_POLICY = policyOf(
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self' data:",
);

const JSON_TYPE = "application/json";
const HTML = "text/html; charset=utf-8";
const CSS = "text/css; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";
const SVG = "image/svg+xml";

/** What the pages are made of, apart from the reference's own script. */
const PARTS = {
  "/docs/frame.css": { type: CSS, text: frameStyle },
  "/docs/text.css": { type: CSS, text: textStyle },
  "/docs/reference.js": { type: SCRIPT, text: startReference },
};
const markOf = (text: string) => etagOf(text).replaceAll('"', "");
const part = (path: keyof typeof PARTS) => `${path}?v=${markOf(PARTS[path].text)}`;

function textPage(path: "/docs/errors" | "/docs/webhooks", version: string): Source {
  const [name, body] =
    path === "/docs/errors" ? ["Errors", errorsBody()] : ["Webhooks", webhooksBody()];
  const styles = [part("/docs/frame.css"), part("/docs/text.css")];
  const title = `${name} · Allison API`;
  return { type: HTML, text: page({ path, title, version, styles, body }), policy: TEXT_POLICY };
}

function referencePage(version: string): Source {
  const text = page({
    path: "/docs",
    title: "Allison API",
    version,
    styles: [part("/docs/frame.css")],
    scripts: [`/docs/scalar.js?v=${scalarVersion}`, part("/docs/reference.js")],
    body: html`<div id="reference"></div>
<noscript>The reference needs JavaScript; <a href="/openapi.json">the document it shows</a> does not.</noscript>`,
  });
  return { type: HTML, text, policy: REFERENCE_POLICY };
}

async function scalar(): Promise<Source> {
  const file = Bun.file(scalarFile);
  return { type: SCRIPT, text: await file.text(), mark: scalarVersion, file };
}

export function createDocs({ document, version }: DocsOptions): Docs {
  const sources: Record<string, () => Source | Promise<Source>> = {
    "/openapi.json": () => ({ type: JSON_TYPE, text: JSON.stringify(document()) }),
    "/docs": () => referencePage(version),
    "/docs/errors": () => textPage("/docs/errors", version),
    "/docs/webhooks": () => textPage("/docs/webhooks", version),
    "/docs/scalar.js": scalar,
    "/docs/icon.svg": () => ({ type: SVG, text: icon }),
  };
  for (const [path, { type, text }] of Object.entries(PARTS))
    sources[path] = () => ({ type, text, mark: markOf(text) });
  const assets = new Map<string, Promise<Asset>>();

  return {
    paths: Object.keys(sources),
    respond(path, request) {
      const source = sources[path];
      if (!source || (request.method !== "GET" && request.method !== "HEAD")) return null;
      const asset = assets.get(path) ?? Promise.resolve().then(source).then(toAsset);
      assets.set(path, asset);
      return asset.then((ready) => send(ready, request));
    },
  };
}

/** What is sent, made once: as it is, and compressed. */
interface Asset {
  plain: Representation;
  compressed: Representation;
  headers: Record<string, string>;
  mark: string | undefined;
}

interface Representation {
  body: Uint8Array<ArrayBuffer> | Blob;
  length: number;
  etag: string;
}

const compress = promisify(gzip);

async function toAsset({ type, text, policy, mark, file }: Source): Promise<Asset> {
  const bytes = new TextEncoder().encode(text);
  const compressed = new Uint8Array(await compress(bytes, { level: 9 }));
  const etag = etagOf(text);
  return {
    plain: { body: file ?? bytes, length: bytes.length, etag },
    // Other bytes are another representation, with a tag of its own.
    compressed: { body: compressed, length: compressed.length, etag: etag.replace(/"$/, '-gzip"') },
    mark,
    headers: {
      "Content-Type": type,
      "Content-Security-Policy": policy ?? policyOf(),
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      Vary: "Accept-Encoding",
    },
  };
}

function send(asset: Asset, request: Request): Response {
  const zipped = acceptsGzip(request.headers.get("accept-encoding") ?? "");
  const { body, length, etag } = zipped ? asset.compressed : asset.plain;
  const byMark = asset.mark !== undefined && targetOf(request).query.get("v") === asset.mark;
  const headers: Record<string, string> = {
    ...asset.headers,
    ETag: etag,
    "Cache-Control": byMark ? "public, max-age=31536000, immutable" : "no-cache",
  };
  const known = request.headers.get("if-none-match");
  if (known !== null && namesTag(known, etag)) return new Response(null, { status: 304, headers });
  if (zipped) headers["Content-Encoding"] = "gzip";
  headers["Content-Length"] = String(length);
  return new Response(request.method === "HEAD" ? null : body, { headers });
}

/** Whether `gzip` or anything at all is accepted, and not with a weight of nothing. */
const acceptsGzip = (header: string): boolean =>
  header
    .toLowerCase()
    .split(",")
    .map((entry) => entry.trim().split(/\s*;\s*/))
    .some(
      ([name, ...rest]) =>
        /^(?:gzip|\*)$/.test(name!) && !rest.some((q) => /^q=0(?:\.0*)?$/.test(q)),
    );
