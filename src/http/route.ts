/**
 * A route is a plain value: its input, its answer and the function in between. The pipeline serves it, the OpenAPI
 * document describes it and the contract matrix tests it. It holds no state: functions receive the server's services.
 */
import type { z } from "zod";
import type { ApiKey, Keys } from "../access/keys.ts";
import type { Vault } from "../access/vault.ts";
import type { ErrorCode } from "../contract/errors.ts";
import type { Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import type { Actor } from "../store/actor.ts";
import type { Store } from "../store/change.ts";
import type { Db } from "../store/database.ts";
import type { Transaction } from "../store/transaction.ts";
import type { Egress } from "../webhooks/egress.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
export type Params = Readonly<Record<string, string>>;
export type Query = Readonly<Record<string, string | undefined>>;

/** The services of a server that the functions of its routes use. */
export interface RouteServices {
  db: Db;
  store: Store;
  keys: Keys;
  vault: Vault;
  random: Random;
  egress: Egress;
  log: Log;
  /** The country whose national phone numbers the fields of an object may have (ISO 3166-1 alpha-2), or null. */
  countryOf(object: { country?: unknown; location_id?: unknown }): string | null;
  /** The address of the dashboard; known once the server listens. */
  publicUrl(): string;
}

/** One page of a list; `next_cursor` is null on the last. */
export interface Page {
  data: object[];
  has_more: boolean;
  next_cursor: string | null;
}

interface RouteBase {
  /** The `operationId`, such as `listContacts`. */
  operation: string;
  /** With parameters as `:id`. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  /** The kind of key that the route requires. */
  access: "key" | "platform";
  /** The schema of each parameter in the path, for the documentation. */
  params?: Record<string, z.ZodType>;
  query?: z.ZodObject;
  /** Errors in addition to those of every route of its kind. */
  errors?: readonly ErrorCode[];
}

export interface OneRoute extends RouteBase {
  method: "GET";
  answers: { kind: "one"; data: z.ZodType };
  /** Returns the object, or null for a 404. `key` is null for a dashboard session. */
  read(
    services: RouteServices,
    input: { params: Params; query: Query; key: ApiKey | null },
  ): object | null;
}

/** What a list needs. It may run in another thread, which has no other services. */
export type PageServices = Pick<RouteServices, "db" | "publicUrl">;

export interface PageRoute extends RouteBase {
  method: "GET";
  answers: { kind: "page"; data: z.ZodType };
  /** Whether a request may read many more rows than it returns. It then runs in the background reader. */
  isUnbounded?(query: Query): boolean;
  /** Returns the page, or null for a 404. */
  read(services: PageServices, input: { params: Params; query: Query }): Page | null;
}

export type ReadRoute = OneRoute | PageRoute;

export interface WriteRoute<Target = unknown, Body = unknown> extends RouteBase {
  method: Exclude<Method, "GET">;
  body?: z.ZodType<Body>;
  /** A missing body equals `{}`. */
  bodyOptional?: boolean;
  /** The write accepts more than `body` and reports warnings; a strict server refuses both. */
  normalizes?: boolean;
  /** Maximum size of a body. The default is LIMITS.bodyBytes. */
  bodyBytes?: number;
  status: 200 | 201 | 202 | 204;
  answers:
    | { kind: "one"; data: z.ZodType; warnings?: z.ZodType }
    | { kind: "secret"; data: z.ZodType }
    | { kind: "none" };
  /** The country of national phone numbers in the body, which is not checked yet. Called where one is met. */
  country?(services: RouteServices, input: { params: Params; body: unknown }): string | null;
  /** Asynchronous work before the write begins, such as a DNS lookup. Throws to refuse. */
  before?(services: RouteServices, input: { params: Params; body: Body }): Promise<void>;
  /** Inside the transaction: refuses references to objects that do not exist (400). */
  check?(services: RouteServices, body: Body): void;
  /** Inside the transaction: the object the path names, or null for a 404. */
  find?(services: RouteServices, params: Params): Target | null;
  /** The write creates the object that its path names if there is none, instead of a 404; `target` is null then. */
  creates?: boolean;
  /** The target as the client sees it, for If-Match. */
  view?(services: RouteServices, target: Target): object;
  /** Inside the transaction: performs the write. */
  write(
    services: RouteServices,
    tx: Transaction,
    input: { params: Params; body: Body; target: Target },
  ): Written;
}

export interface StreamInput {
  actor: Actor;
  body: ReadableStream<Uint8Array> | null;
  /** Throws for a line with unknown fields. Without it they are ignored. */
  requireKnown?: (value: unknown) => void;
}

/** A route that receives one record per line and responds with one line per record, as soon as each is known. */
export interface StreamRoute extends RouteBase {
  method: "POST";
  /** One line of the body, which is `application/x-ndjson`. */
  line: z.ZodType;
  answers: { kind: "lines"; data: z.ZodType };
  stream(services: RouteServices, input: StreamInput): AsyncIterable<object>;
}

/** The result of a write; `location` is the path of the created object. */
export interface Written {
  data?: object;
  /** A webhook secret, shown beside `data` in this response only. */
  secret?: string;
  /** What of the body was lost or guessed, shown beside `data`. */
  warnings?: readonly { field: string; reason: string }[];
  /** The status if it differs from that of the route. */
  status?: 200 | 201;
  location?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of routes has targets and bodies of different types.
export type Route = ReadRoute | WriteRoute<any, any> | StreamRoute;
