/**
 * The pages that need no key: the reference, the pages of errors, webhooks and testing, and the OpenAPI document they
 * all stand on. Everything comes from inside the executable; no page asks another host for anything.
 */
// By the file's own path, for the package does not export it.
import scalarFile from "../../node_modules/@scalar/api-reference/dist/browser/standalone.js" with {
  type: "file",
};
import { version as scalarVersion } from "../../node_modules/@scalar/api-reference/package.json";
import { type Asset, policyOf, type Source, sendAsset, toAsset } from "../http/assets.ts";
import { etagOf } from "../http/conditional.ts";
import { errorsBody } from "./errors-page.ts";
import frameStyle from "./frame.css" with { type: "text" };
import { html, page } from "./html.ts";
import icon from "./icon.svg" with { type: "text" };
import { mockBody } from "./mock-page.ts";
import startReference from "./reference.js" with { type: "text" };
import textStyle from "./text.css" with { type: "text" };
import { webhooksBody } from "./webhooks-page.ts";

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

const TEXT_PAGES = {
  "/docs/errors": { name: "Errors", body: errorsBody },
  "/docs/webhooks": { name: "Webhooks", body: webhooksBody },
  "/docs/mock": { name: "Testing your integration", body: mockBody },
} as const;

function textPage(path: keyof typeof TEXT_PAGES, version: string): Source {
  const { name, body } = TEXT_PAGES[path];
  const styles = [part("/docs/frame.css"), part("/docs/text.css")];
  const title = `${name} · Allison API`;
  return {
    type: HTML,
    text: page({ path, title, version, styles, body: body() }),
    policy: TEXT_POLICY,
  };
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
    "/docs/mock": () => textPage("/docs/mock", version),
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
      return asset.then((ready) => sendAsset(ready, request));
    },
  };
}
