/**
 * What is sent as it is: pages, scripts, styles. Each is compressed once, has an ETag, and may be kept for ever where it is
 * asked for by a mark that changes with its content.
 */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { etagOf, namesTag } from "./conditional.ts";
import { targetOf } from "./target.ts";

/** What an address stands for. */
export interface Source {
  type: string;
  text: string;
  /** Content-Security-Policy; nothing at all is allowed where none is given. */
  policy?: string;
  /** Changes with the content. What is asked for by it may be kept for ever. */
  mark?: string;
  /** Its address changes with its content, so that it may be kept for ever. */
  immutable?: boolean;
  /** Where the text can be read from again, so that a large one need not be held. */
  file?: Blob;
}

/** A Content-Security-Policy that allows nothing but what is named. */
export const policyOf = (...allowed: string[]) =>
  [
    "default-src 'none'",
    ...allowed,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

/** What is sent, made once: as it is, and compressed. */
export interface Asset {
  plain: Representation;
  compressed: Representation;
  headers: Record<string, string>;
  mark: string | undefined;
  immutable: boolean;
}

interface Representation {
  body: Uint8Array<ArrayBuffer> | Blob;
  length: number;
  etag: string;
}

const compress = promisify(gzip);

/** Makes ready to send; compresses. */
export async function toAsset(source: Source): Promise<Asset> {
  const { type, text, policy, mark, immutable = false, file } = source;
  const bytes = new TextEncoder().encode(text);
  const compressed = new Uint8Array(await compress(bytes, { level: 9 }));
  const etag = etagOf(text);
  return {
    plain: { body: file ?? bytes, length: bytes.length, etag },
    // Other bytes are another representation, with a tag of its own.
    compressed: { body: compressed, length: compressed.length, etag: etag.replace(/"$/, '-gzip"') },
    mark,
    immutable,
    headers: {
      "Content-Type": type,
      "Content-Security-Policy": policy ?? policyOf(),
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      Vary: "Accept-Encoding",
    },
  };
}

/** Answers a GET or HEAD with the asset, or 304 where the client has it. */
export function sendAsset(asset: Asset, request: Request): Response {
  const zipped = acceptsGzip(request.headers.get("accept-encoding") ?? "");
  const { body, length, etag } = zipped ? asset.compressed : asset.plain;
  const byMark = asset.mark !== undefined && targetOf(request).query.get("v") === asset.mark;
  const headers: Record<string, string> = {
    ...asset.headers,
    ETag: etag,
    "Cache-Control": byMark || asset.immutable ? "public, max-age=31536000, immutable" : "no-cache",
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
