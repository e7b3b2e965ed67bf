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
  /** Which kind of key opens it. */
  access: "key" | "platform";
  /** A sentence for each parameter in the path other than `:id` of the resource. */
  params?: Record<string, string>;
  query?: z.ZodObject;
  /** Errors beyond those that every route of its kind can answer with. */
  errors?: readonly ErrorCode[];
}

export interface ReadRoute extends RouteBase {
  method: "GET";
  answers: { kind: "one" | "page"; data: z.ZodType };
  /** Returns the object, or null for a 404; for a page, the Page. `key` is null for a dashboard session. */
  read(
    services: RouteServices,
    input: { params: Params; query: Query; key: ApiKey | null },
  ): object | null;
}

export interface WriteRoute<Target = unknown, Body = unknown> extends RouteBase {
  method: Exclude<Method, "GET">;
  body?: z.ZodType<Body>;
  /** A missing body stands for `{}`. */
  bodyOptional?: boolean;
  /** Bytes a body may have; LIMITS.bodyBytes where nothing is said. */
  bodyBytes?: number;
  status: 200 | 201 | 202 | 204;
  answers:
    | { kind: "one"; data: z.ZodType }
    | { kind: "secret"; data: z.ZodType }
    | { kind: "none" };
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
  /** Throws for the value of a line that has more than is read; left out where that is passed over. */
  requireKnown?: (value: unknown) => void;
}

/** Many records in, a line each, and an answer line for each; nothing is held back until the end. */
export interface StreamRoute extends RouteBase {
  method: "POST";
  /** One line of the body; the whole is `application/x-ndjson`. */
  line: z.ZodType;
  answers: { kind: "lines"; data: z.ZodType };
  stream(services: RouteServices, input: StreamInput): AsyncIterable<object>;
}

/** What a write answers with; `location` is the path of what was made. */
export interface Written {
  data?: object;
  /** Beside `data`, shown this once: a webhook secret. */
  secret?: string;
  /** Where the status depends on what happened. */
  status?: 200 | 201;
  location?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of routes holds targets and bodies of every kind.
export type Route = ReadRoute | WriteRoute<any, any> | StreamRoute;
