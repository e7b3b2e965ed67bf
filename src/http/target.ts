/** The target of a request: path and query, as they were sent. */

export interface Target {
  path: string;
  query: URLSearchParams;
}

/**
 * Taken from the text of the URL, not by its parser: without a usable Host header there is only a path, and a path may
 * begin with two slashes.
 */
export function targetOf(request: Request): Target {
  const [, path = "/", query = ""] =
    /^(?:[a-z]+:\/\/[^/?#]*)?([^?#]*)\??([^#]*)/i.exec(request.url) ?? [];
  return { path, query: new URLSearchParams(query) };
}

/** Whether every escape of a path stands for a character: others would be decoded to the same replacement. */
export function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
