/** HTML by template: every value is escaped unless it is HTML itself. And the frame that all pages of the docs share. */

/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
  toString = () => this.text;
}

type Value = string | number | Html | readonly Html[];

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (mark) => ENTITIES[mark]!);

export function html(parts: TemplateStringsArray, ...values: Value[]): Html {
  const texts = values.map((value) => {
    if (value instanceof Html) return value.text;
    return typeof value === "object"
      ? value.map(({ text }) => text).join("")
      : escapeHtml(String(value));
  });
  return new Html(parts.reduce((all, part, index) => all + texts[index - 1] + part));
}

/** A sentence with `code` in backticks, as the catalogues have it. */
export const sentence = (text: string) =>
  new Html(escapeHtml(text).replace(/`([^`]+)`/g, "<code>$1</code>"));

/** A value as indented JSON, its parts marked for the stylesheet. */
export function jsonBlock(value: unknown): Html {
  const marked = escapeHtml(JSON.stringify(value, null, 2)).replace(
    /(&quot;(?:(?!&quot;).)*&quot;)(:)?|\b(?:true|false|null|-?\d+(?:\.\d+)?)\b/g,
    (all, text?: string, colon?: string) =>
      text === undefined
        ? `<i class="value">${all}</i>`
        : `<i class="${colon ? "key" : "text"}">${text}</i>${colon ?? ""}`,
  );
  return new Html(`<pre tabindex="0"><code>${marked}</code></pre>`);
}

/** Source text, its comments marked. */
export function codeBlock(source: string): Html {
  const marked = escapeHtml(source.trimEnd()).replace(
    /^( *)((?:#|\/\/|\/\*\*| \*).*)$/gm,
    '$1<i class="comment">$2</i>',
  );
  return new Html(`<pre tabindex="0"><code>${marked}</code></pre>`);
}

const PAGES = [
  ["/docs", "Reference"],
  ["/docs/errors", "Errors"],
  ["/docs/webhooks", "Webhooks"],
  ["/docs/mock", "Testing"],
] as const;

export interface PageOptions {
  path: (typeof PAGES)[number][0];
  title: string;
  /** The program's. */
  version: string;
  /** Addresses, which change with what they stand for. */
  styles: readonly string[];
  scripts?: readonly string[];
  body: Html;
}

/** A whole page as text. */
export function page({ path, title, version, styles, scripts = [], body }: PageOptions): string {
  const link = ([to, name]: (typeof PAGES)[number]) =>
    to === path
      ? html`<a href="${to}" aria-current="page">${name}</a>`
      : html`<a href="${to}">${name}</a>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="/docs/icon.svg" type="image/svg+xml">
${styles.map((address) => html`<link rel="stylesheet" href="${address}">`)}
</head>
<body>
<header class="bar">
<a class="brand" href="/docs"><img src="/docs/icon.svg" alt="" width="24" height="24">Allison <span>API</span></a>
<nav aria-label="Pages">${PAGES.map(link)}<a class="raw" href="/openapi.json">OpenAPI</a></nav>
<span class="version">${version}</span>
</header>
${body}
${scripts.map((source) => html`<script src="${source}"></script>`)}
</body>
</html>
`.text;
}
