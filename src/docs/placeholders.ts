/** Placeholders in the Markdown files: `{{name}}` stands for a value of the product, such as a limit or a code sample. */

/** Values by the names of their placeholders. Each is inserted as Markdown. */
export type PlaceholderValues = Record<string, string | number>;

/** Replaces every placeholder. Throws for one without a value and for a value without a placeholder. */
export function fillPlaceholders(template: string, values: PlaceholderValues): string {
  const unused = new Set(Object.keys(values));
  const text = template.replace(/\{\{(\w+)\}\}/g, (placeholder, name: string) => {
    if (!Object.hasOwn(values, name))
      throw new Error(`The placeholder ${placeholder} has no value.`);
    unused.delete(name);
    return String(values[name]);
  });
  if (unused.size > 0) throw new Error(`No placeholder uses ${[...unused].join(", ")}.`);
  return text;
}

/** A fenced code block. `caption` is shown above it. The fence is longer than any run of backticks in our samples. */
export const fence = (language: string, code: string, caption = ""): string =>
  `\`\`\`\`${`${language} ${caption}`.trimEnd()}\n${code.trimEnd()}\n\`\`\`\``;

/** A value as indented JSON in a fenced code block. */
export const jsonFence = (value: unknown, caption?: string): string =>
  fence("json", JSON.stringify(value, null, 2), caption);
