/**
 * Renders a Markdown page as HTML. A page is a title, a lead paragraph and sections; its table of contents is made from
 * the headings. Raw HTML in a page is escaped.
 */
import { Marked, Renderer, type Token, type Tokens } from "marked";
import { codeBlock, escapeHtml, Html, html } from "./html.ts";

export interface MarkdownPage {
  title: string;
  main: Html;
}

const marked = new Marked({
  renderer: {
    html: ({ text }) => escapeHtml(text),
    heading(token) {
      const { id, label, isCode, note } = parseHeading(token);
      const title = isCode ? html`<code>${label}</code>` : label;
      const status = note && html`<span class="status status-${note[0]!}">${note}</span>`;
      const tag = `h${token.depth}`;
      return html`<${tag}><a href="#${id}">${title}</a>${status}</${tag}>\n`.text;
    },
    code({ text, lang = "" }) {
      const [language = "", ...words] = lang.split(" ");
      const caption = words.length > 0 ? html`<p class="caption">${words.join(" ")}</p>\n` : "";
      return html`${caption}${codeBlock(text, language)}\n`.text;
    },
    table(token) {
      return `<div class="table" tabindex="0">${Renderer.prototype.table.call(this, token)}</div>\n`;
    },
  },
});

interface Heading {
  id: string;
  label: string;
  isCode: boolean;
  /** The text after the code, such as the status of an error. */
  note: string;
}

/** Reads a heading: plain words, or a code in backticks that may be followed by a note. */
function parseHeading({ tokens, text }: Tokens.Heading): Heading {
  const [first] = tokens;
  if (first?.type === "codespan") {
    const note = text.slice(first.raw.length).trim();
    return { id: first.text, label: first.text, isCode: true, note };
  }
  const id = text.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return { id, label: text, isCode: false, note: "" };
}

const isHeading = (token: Token): token is Tokens.Heading => token.type === "heading";

/** Renders Markdown whose placeholders are filled. Throws unless it begins with a title and a lead paragraph. */
export function renderMarkdown(markdown: string): MarkdownPage {
  const [title, lead, ...rest] = marked.lexer(markdown).filter(({ type }) => type !== "space");
  if (!title || !isHeading(title) || title.depth !== 1 || lead?.type !== "paragraph")
    throw new Error("A page must begin with a title and a lead paragraph.");
  return {
    title: title.text,
    main: html`<main class="with-contents">
<div class="opening">
<h1>${title.text}</h1>
${new Html(marked.parser([lead]))}</div>
<nav class="contents" aria-label="On this page">
${renderContents(rest.filter(isHeading))}</nav>
<article>
${renderSections(rest)}</article>
</main>`,
  };
}

/** A section begins at its heading and ends before the next heading of the same or a higher level. */
function renderSections(tokens: Token[]): Html {
  const depths: number[] = [];
  let text = "";
  for (const token of tokens) {
    if (isHeading(token)) {
      for (; (depths.at(-1) ?? 0) >= token.depth; depths.pop()) text += "</section>\n";
      depths.push(token.depth);
      text += html`<section id="${parseHeading(token).id}">\n`.text;
    }
    text += marked.parser([token]);
  }
  return new Html(text + "</section>\n".repeat(depths.length));
}

/** Links to the sections, then to the entries of the last section, for example all events. */
function renderContents(headings: Tokens.Heading[]): Html {
  const sections = headings.filter(({ depth }) => depth === 2);
  const last = headings.lastIndexOf(sections.at(-1)!);
  const entries = headings.slice(last + 1);
  const link = ({ id, label, note }: Heading) =>
    html`<li><a href="#${id}">${label}</a>${note && html` <span>${note}</span>`}</li>`;
  const list = (name: string, linked: Tokens.Heading[]) => html`<p>${name}</p>
<ul>${linked.map(parseHeading).map(link)}</ul>
`;
  const below = entries.length > 0 ? list(headings[last]!.text, entries) : "";
  return html`${list("On this page", sections)}${below}`;
}
