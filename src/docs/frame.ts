/** The frame of every page: the bar with the links to the others, styles and scripts. */
import { type Html, html } from "./html.ts";

/** The pages in the order of the bar, with their labels there. */
const NAVIGATION = [
  ["/docs", "Reference"],
  ["/docs/errors", "Errors"],
  ["/docs/webhooks", "Webhooks"],
  ["/docs/mock", "Testing"],
] as const;

export type PagePath = (typeof NAVIGATION)[number][0];

export interface FrameOptions {
  path: PagePath;
  title: string;
  /** The version of the program. */
  version: string;
  /** URLs of stylesheets, each with a version that changes with its content. */
  styles: readonly string[];
  scripts?: readonly string[];
  body: Html;
}

/** Returns a complete HTML document. */
export function renderFrame({
  path,
  title,
  version,
  styles,
  scripts = [],
  body,
}: FrameOptions): string {
  const link = ([href, label]: (typeof NAVIGATION)[number]) =>
    href === path
      ? html`<a href="${href}" aria-current="page">${label}</a>`
      : html`<a href="${href}">${label}</a>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="/docs/icon.svg" type="image/svg+xml">
${styles.map((url) => html`<link rel="stylesheet" href="${url}">`)}
</head>
<body>
<header class="bar">
<a class="brand" href="/docs"><img src="/docs/icon.svg" alt="" width="24" height="24">Allison <span>API</span></a>
<nav aria-label="Pages">${NAVIGATION.map(link)}<a class="raw" href="/openapi.json">OpenAPI</a></nav>
<span class="version">${version}</span>
</header>
${body}
${scripts.map((url) => html`<script src="${url}"></script>`)}
</body>
</html>
`.text;
}
