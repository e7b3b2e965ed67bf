/** The Markdown pages: every placeholder has a value, every link and anchor exists, and raw HTML is escaped. */
import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { SETTINGS } from "../../src/config.ts";
import { introduction } from "../../src/docs/introduction.ts";
import { renderMarkdown } from "../../src/docs/markdown.ts";
import { fillPlaceholders } from "../../src/docs/placeholders.ts";
import { TEXT_PAGES } from "../../src/docs/site.ts";

const FOLDER = join(import.meta.dir, "../../src/docs/pages");
const budgets = {
  readsPerMinute: SETTINGS.readsPerMinute.default,
  writesPerMinute: SETTINGS.writesPerMinute.default,
};
/** The text of every page, by the name of its file. */
const TEXTS: Record<string, () => string> = {
  "introduction.md": () => introduction(budgets),
  ...Object.fromEntries(
    Object.entries(TEXT_PAGES).map(([path, text]) => [`${path.split("/").at(-1)}.md`, text]),
  ),
};

describe("placeholders", () => {
  test("every file is the text of a page", () => {
    expect(readdirSync(FOLDER).sort()).toEqual(Object.keys(TEXTS).sort());
  });

  test.each(Object.keys(TEXTS))(
    "%s: every placeholder is filled and every value is used",
    (file) => {
      expect(TEXTS[file]!()).not.toContain("{{");
    },
  );

  test("a placeholder without a value is an error", () => {
    expect(() => fillPlaceholders("{{limit}} and {{other}}", { limit: 1 })).toThrow("{{other}}");
    expect(() => fillPlaceholders("{{constructor}}", {})).toThrow("{{constructor}}");
  });

  test("a value without a placeholder is an error", () => {
    expect(() => fillPlaceholders("{{limit}}", { limit: 1, other: 2 })).toThrow("other");
  });

  test("a value is inserted as it is", () => {
    expect(fillPlaceholders("{{a}}{{a}}", { a: "$& {{b}} $1" })).toBe("$& {{b}} $1$& {{b}} $1");
  });
});

describe("rendering", () => {
  const page = (body: string) => renderMarkdown(`# Title\n\nLead.\n\n${body}`).main.text;
  const ids = (text: string) => [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);

  test("raw HTML, in text and in code, is escaped", () => {
    const text = page(
      '<script>alert(1)</script>\n\na <img src="x"> b `<b>`\n\n```json <i>\n"<u>"\n```',
    );
    expect(text).not.toMatch(/<(?:script|img|b|i|u)>|<img/);
    expect(text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  });

  test("a heading is the anchor of its section, which ends at the next one of its level", () => {
    const text = page("## First part\n\n### `a.b`\n\nx\n\n## `code` 429\n\ny");
    expect(ids(text)).toEqual(["first-part", "a.b", "code"]);
    expect(text.replace(/\s+/g, "")).toContain(
      '<p>x</p></section></section><sectionid="code"><h2><ahref="#code"><code>code</code></a><spanclass="statusstatus-4">429</span></h2><p>y</p></section></article>',
    );
  });

  test("a page without a title and a lead paragraph is an error", () => {
    expect(() => renderMarkdown("## Title\n\nLead.")).toThrow("title");
    expect(() => renderMarkdown("# Title\n\n## Section")).toThrow("lead");
  });

  const rendered = Object.entries(TEXT_PAGES).map(([path, text]) => ({
    path,
    text: renderMarkdown(text()).main.text,
  }));
  test.each(rendered)("$path: every anchor is unique", ({ text }) => {
    expect(ids(text)).toEqual([...new Set(ids(text))]);
  });

  test.each(rendered)(
    "$path: every link leads to a page and an anchor that exist",
    ({ path, text }) => {
      const pages = new Map(rendered.map((other) => [other.path, ids(other.text)]));
      const links = [...text.matchAll(/<a href="([^"]*)"/g)].map(([, href]) => href!);
      expect(links.length).toBeGreaterThan(10);
      for (const link of links) {
        const [target = "", anchor] = link.split("#");
        if (link === "/openapi.json") continue;
        const anchors = pages.get(target || path);
        expect([
          link,
          anchor === undefined ? anchors !== undefined : anchors?.includes(anchor),
        ]).toEqual([link, true]);
      }
    },
  );
});
