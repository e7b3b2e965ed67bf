/** Reads a request's body: never more than its limit, only of the type that is taken, only well-formed JSON. */
import { LIMITS } from "../config.ts";
import { ApiError, invalid } from "./errors.ts";

export interface BodyLimits {
  /** Bytes that a body may have; LIMITS.bodyBytes by default. */
  bodyBytes?: number;
  /** A missing body stands for `{}`. */
  bodyOptional?: boolean;
}

/** The body's JSON value. Throws 413, 415 or `invalid_json`, in this order. */
export async function readBody(
  request: Request,
  { bodyBytes = LIMITS.bodyBytes, bodyOptional }: BodyLimits,
): Promise<unknown> {
  const bytes = await readBytes(request, bodyBytes);
  const contentType = request.headers.get("content-type");
  if (bytes.length > 0 || contentType !== null) requireContentType(request, "application/json");
  if (bytes.length === 0 && bodyOptional) return {};
  if (bytes.length === 0) throw new ApiError("invalid_json", { details: { body: "is empty" } });
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return JSON.parse(text, PROTO.test(text) ? refuseProto : undefined);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError("invalid_json", { details: { body: "is not valid JSON" } });
  }
}

/** The one name that an object cannot carry like any other: it would be lost on the way without a word. */
const PROTO = /__proto__|\\u005f/i;

function refuseProto(name: string, value: unknown): unknown {
  if (name === "__proto__") throw invalid({ [name]: "is not a name that can be used" });
  return value;
}

/** What also means a type: those with its structured suffix (RFC 6839), and other names of a type without a standard. */
const ACCEPTED: Readonly<Record<string, RegExp>> = {
  "application/json": /^application\/(?:[\w.-]{1,100}\+)?json$/,
  "application/x-ndjson": /^application\/(?:x-ndjson|ndjson|jsonl|x-jsonlines)$/,
};

/** Throws `unsupported_media_type` for another type than `type`; parameters such as a charset of UTF-8 are fine. */
export function requireContentType(request: Request, type: keyof typeof ACCEPTED): void {
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new ApiError("unsupported_media_type", {
      details: { "content-encoding": "must be identity" },
    });
  }
  const [mediaType = "", ...parameters] = (request.headers.get("content-type") ?? "")
    .toLowerCase()
    .split(";");
  const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith("charset="));
  if (
    ACCEPTED[type]!.test(mediaType.trim()) &&
    (charset === undefined || /^charset="?utf-8"?$/.test(charset))
  )
    return;
  throw new ApiError("unsupported_media_type", { details: { "content-type": `must be ${type}` } });
}

async function readBytes(request: Request, limit: number): Promise<Uint8Array> {
  const announced = request.headers.get("content-length");
  if (Number(announced ?? 0) > limit) throw tooLarge(limit);
  if (announced !== null || request.body === null) return request.bytes();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const tooLarge = (limit: number) =>
  new ApiError("payload_too_large", {
    details: { body: `must be at most ${formatBytes(limit)}` },
  });

/** A number of whole KiB or MiB. */
const formatBytes = (bytes: number) =>
  bytes < 1024 * 1024 ? `${bytes / 1024} KiB` : `${bytes / 1024 / 1024} MiB`;
