/**
 * Serves everything that requires no key: the reference, the pages about errors, webhooks and testing, and the OpenAPI
 * document. All of it is embedded in the executable; no page loads anything from another host.
 */
// Imported by its path, because the package does not export it.
import scalarFile from "../../node_modules/@scalar/api-reference/dist/browser/standalone.js" with {
  type: "file",
};
import { version as scalarVersion } from "../../node_modules/@scalar/api-reference/package.json";
import { type Asset, policyOf, type Source, sendAsset, toAsset } from "../http/assets.ts";
import { etagOf } from "../http/conditional.ts";
import { errorsPage } from "./errors-page.ts";
import frameStyle from "./frame.css" with { type: "text" };
import { type PagePath, renderFrame } from "./frame.ts";
import { html } from "./html.ts";
import icon from "./icon.svg" with { type: "text" };
import { renderMarkdown } from "./markdown.ts";
import { mockPage } from "./mock-page.ts";
import startReference from "./reference.js" with { type: "text" };
import textStyle from "./text.css" with { type: "text" };
import { webhooksPage } from "./webhooks-page.ts";

export interface DocsOptions {
  /** Builds the OpenAPI document. Called once, by the first request for it. */
  document(): object;
  /** The version of the program. */
  version: string;
}

export interface Docs {
  /** Every path that `respond` serves. */
  paths: readonly string[];
  /** Returns null for any other path, and for methods other than GET and HEAD. */
  respond(path: string, request: Request): Promise<Response> | null;
}

const TEXT_POLICY = policyOf("style-src 'self'", "img-src 'self'");
/** The script of the reference sets styles, loads the document and sends the test requests of its reader. */
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

/** Styles and scripts of our own. A page links them with a version that changes with their content. */
const PARTS = {
  "/docs/frame.css": { type: CSS, text: frameStyle },
  "/docs/text.css": { type: CSS, text: textStyle },
  "/docs/reference.js": { type: SCRIPT, text: startReference },
};
const versionOf = (text: string) => etagOf(text).replaceAll('"', "");
const partUrl = (path: keyof typeof PARTS) => `${path}?v=${versionOf(PARTS[path].text)}`;

/** The Markdown of the pages that are text. */
export const TEXT_PAGES = {
  "/docs/errors": errorsPage,
  "/docs/webhooks": webhooksPage,
  "/docs/mock": mockPage,
} satisfies Partial<Record<PagePath, () => string>>;

type TextPagePath = keyof typeof TEXT_PAGES;

function textPage(path: TextPagePath, version: string): Source {
  const { title, main } = renderMarkdown(TEXT_PAGES[path]());
  const text = renderFrame({
    path,
    title: `${title} · Allison API`,
    version,
    styles: [partUrl("/docs/frame.css"), partUrl("/docs/text.css")],
    body: main,
  });
  return { type: HTML, text, policy: TEXT_POLICY };
}

function referencePage(version: string): Source {
  const text = renderFrame({
    path: "/docs",
    title: "Allison API",
    version,
    styles: [partUrl("/docs/frame.css")],
    scripts: [`/docs/scalar.js?v=${scalarVersion}`, partUrl("/docs/reference.js")],
    body: html`<div id="reference"></div>
<noscript>The reference requires JavaScript. The <a href="/openapi.json">OpenAPI document</a> has the same content.</noscript>`,
  });
  return { type: HTML, text, policy: REFERENCE_POLICY };
}

async function referenceScript(): Promise<Source> {
  const file = Bun.file(scalarFile);
  return { type: SCRIPT, text: await file.text(), mark: scalarVersion, file };
}

/** Creates the documentation of a server. Pages are rendered once, by the first request for each. */
export function createDocs({ document, version }: DocsOptions): Docs {
  const sources: Record<string, () => Source | Promise<Source>> = {
    "/openapi.json": () => ({ type: JSON_TYPE, text: JSON.stringify(document()) }),
    "/docs": () => referencePage(version),
    "/docs/scalar.js": referenceScript,
    "/docs/icon.svg": () => ({ type: SVG, text: icon }),
  };
  for (const path of Object.keys(TEXT_PAGES) as TextPagePath[])
    sources[path] = () => textPage(path, version);
  for (const [path, { type, text }] of Object.entries(PARTS))
    sources[path] = () => ({ type, text, mark: versionOf(text) });
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
