/** HTML templates that escape every value which is not HTML itself, and highlighted code blocks. */

/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
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

/** Template tag: joins the parts and escapes the values between them. */
export function html(parts: TemplateStringsArray, ...values: Value[]): Html {
  const texts = values.map((value) => {
    if (value instanceof Html) return value.text;
    return typeof value === "object"
      ? value.map(({ text }) => text).join("")
      : escapeHtml(String(value));
  });
  return new Html(parts.reduce((all, part, index) => all + texts[index - 1] + part));
}

/** Code of a language as a block. Long lines wrap in `text`; in every other language they scroll. */
export function codeBlock(source: string, language: string): Html {
  const highlighted = highlight(escapeHtml(source), language);
  const wraps = language === "text" ? html` class="wrap"` : "";
  return html`<pre tabindex="0"${wraps}><code>${new Html(highlighted)}</code></pre>`;
}

/** Marks keys, values and comments for the stylesheet. `source` is escaped. */
function highlight(source: string, language: string): string {
  switch (language) {
    case "json":
      return source.replace(
        /(&quot;(?:(?!&quot;).)*&quot;)(:)?|\b(?:true|false|null|-?\d+(?:\.\d+)?)\b/g,
        (all, text?: string, colon?: string) =>
          text === undefined
            ? `<i class="value">${all}</i>`
            : `<i class="${colon ? "key" : "text"}">${text}</i>${colon ?? ""}`,
      );
    case "http":
      return source.replace(/^([\w-]+):/gm, '<i class="key">$1</i>:');
    case "text":
      return source;
    default:
      return source.replace(/^( *)((?:#|\/\/|\/\*\*| \*).*)$/gm, '$1<i class="comment">$2</i>');
  }
}
