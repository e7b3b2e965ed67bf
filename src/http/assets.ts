/**
 * What is sent as it is: pages, scripts, styles. Each is compressed once, has an ETag, and may be kept for ever where it is
 * asked for by a mark that changes with its content.
 */
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
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

/** What is sent, made once: as it is, and compressed in two ways; browsers take the smaller, `br`, over https and loopback. */
export interface Asset {
  plain: Representation;
  gzip: Representation;
  br: Representation;
  headers: Record<string, string>;
  mark: string | undefined;
  immutable: boolean;
}

interface Representation {
  body: Uint8Array<ArrayBuffer> | Blob;
  length: number;
  etag: string;
}

const compressions = {
  gzip: (bytes: Uint8Array) => promisify(gzip)(bytes, { level: 9 }),
  // The highest, 11, takes seconds for the reference's script.
  br: (bytes: Uint8Array) =>
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
};
/** The smallest first. */
const ENCODINGS = ["br", "gzip"] as const;

/** Makes ready to send; compresses. */
export async function toAsset(source: Source): Promise<Asset> {
  const { type, text, policy, mark, immutable = false, file } = source;
  const bytes = new TextEncoder().encode(text);
  const etag = etagOf(text);
  // Other bytes are another representation, with a tag of its own.
  const compressed = async (encoding: (typeof ENCODINGS)[number]): Promise<Representation> => {
    const body = new Uint8Array(await compressions[encoding](bytes));
    return { body, length: body.length, etag: etag.replace(/"$/, `-${encoding}"`) };
  };
  const [gzip, br] = await Promise.all([compressed("gzip"), compressed("br")]);
  return {
    plain: { body: file ?? bytes, length: bytes.length, etag },
    gzip,
    br,
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
  const accepted = request.headers.get("accept-encoding") ?? "";
  const encoding = ENCODINGS.find((name) => accepts(accepted, name));
  const { body, length, etag } = asset[encoding ?? "plain"];
  const byMark = asset.mark !== undefined && targetOf(request).query.get("v") === asset.mark;
  const headers: Record<string, string> = {
    ...asset.headers,
    ETag: etag,
    "Cache-Control": byMark || asset.immutable ? "public, max-age=31536000, immutable" : "no-cache",
  };
  const known = request.headers.get("if-none-match");
  if (known !== null && namesTag(known, etag)) return new Response(null, { status: 304, headers });
  if (encoding) headers["Content-Encoding"] = encoding;
  headers["Content-Length"] = String(length);
  return new Response(request.method === "HEAD" ? null : body, { headers });
}

/** Whether this encoding or any at all is accepted, and not with a weight of nothing; RFC 9110, section 12.5.3. */
const accepts = (header: string, encoding: string): boolean =>
  header
    .toLowerCase()
    .split(",")
    .map((entry) => entry.trim().split(/\s*;\s*/))
    .some(
      ([name, ...rest]) =>
        (name === encoding || name === "*") && !rest.some((q) => /^q=0(?:\.0*)?$/.test(q)),
    );
