/**
 * What has changed since a page last looked, whoever changed it: read from the audit log, in which every write stands, so
 * that writes of other processes are told as well. Deliveries are in no audit log; their own numbers tell of them.
 */
import { z } from "zod";
import type { Appliance } from "../appliance.ts";
import { LIMITS } from "../config.ts";
import type { Changes } from "./answers.ts";
import { type DashboardRoute, dataResponse, sessionRoute } from "./dashboard-route.ts";

const DELIVERY = "delivery";
const EVERYTHING = "*";
/** Of the newest audit row's hash: tells this database from another, and from itself before a backup was put back. */
const HASH_LENGTH = 16;

interface Position {
  audit: number;
  hash: string;
  deliveries: number;
  attempts: number;
}

export function changesRoutes({ db }: Appliance): DashboardRoute[] {
  const sqlite = db.$client;
  const present = sqlite.prepare<Position, []>(
    `select id as audit, substr(hash, 1, ${HASH_LENGTH}) as hash,
       (select coalesce(max(seq), 0) from webhook_deliveries) as deliveries,
       (select coalesce(max(seq), 0) from webhook_attempts) as attempts
     from audit_head`,
  );
  const hashOf = sqlite.prepare<{ hash: string }, [number]>(
    `select substr(hash, 1, ${HASH_LENGTH}) as hash from audit where id = ?`,
  );
  // Along the rows' own numbers: the index of entities would be walked from end to end.
  const types = sqlite.prepare<{ entity_type: string }, [number]>(
    "select distinct entity_type from audit not indexed where id > ?",
  );

  function changedSince(before: Position | null, now: Position): string[] {
    if (before === null || now.audit - before.audit > LIMITS.changesBehind) return [EVERYTHING];
    const ours = before.audit === now.audit ? now.hash : hashOf.get(before.audit)?.hash;
    if (ours !== before.hash) return [EVERYTHING];
    const changed =
      before.audit === now.audit ? [] : types.all(before.audit).map((row) => row.entity_type);
    const delivered = before.deliveries !== now.deliveries || before.attempts !== now.attempts;
    return delivered ? [...changed, DELIVERY] : changed;
  }

  return [
    sessionRoute({
      method: "GET",
      path: "/changes",
      isPoll: true,
      query: z.object({ after: z.string().max(200).optional() }),
      handle({ query: { after } }) {
        const now = present.get()!;
        const changed = after === undefined ? [] : changedSince(readMark(after), now);
        return dataResponse<Changes>({ mark: markOf(now), changed });
      },
    }),
  ];
}

const markOf = ({ audit, hash, deliveries, attempts }: Position) =>
  [audit, hash, deliveries, attempts].join(".");

/** Null for what is no mark. */
function readMark(text: string): Position | null {
  const [, audit, hash, deliveries, attempts] =
    /^(\d{1,15})\.([0-9a-f]+)\.(\d{1,15})\.(\d{1,15})$/.exec(text) ?? [];
  if (hash === undefined) return null;
  return {
    audit: Number(audit),
    hash,
    deliveries: Number(deliveries),
    attempts: Number(attempts),
  };
}
