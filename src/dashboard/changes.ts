/**
 * Reports which kinds of entities changed since a page's last poll. It reads the audit log, which records every write, so
 * writes of other processes are reported too. Deliveries are not in the audit log; their newest row numbers report them.
 */
import { z } from "zod";
import type { Appliance } from "../appliance.ts";
import { LIMITS } from "../config.ts";
import type { Changes } from "./answers.ts";
import { type DashboardRoute, dataResponse, sessionRoute } from "./dashboard-route.ts";

const DELIVERY = "delivery";
const EVERYTHING = "*";
/** Of the newest audit row's hash. Distinguishes this database from another, and from itself before a restore. */
const HASH_LENGTH = 16;

/** The newest rows when a page polled. */
interface Snapshot {
  audit: number;
  hash: string;
  deliveries: number;
  attempts: number;
}

export function changesRoutes({ db, health }: Appliance): DashboardRoute[] {
  const sqlite = db.$client;
  const current = sqlite.prepare<Snapshot, []>(
    `select id as audit, substr(hash, 1, ${HASH_LENGTH}) as hash,
       (select coalesce(max(seq), 0) from webhook_deliveries) as deliveries,
       (select coalesce(max(seq), 0) from webhook_attempts) as attempts
     from audit_head`,
  );
  const hashOf = sqlite.prepare<{ hash: string }, [number]>(
    `select substr(hash, 1, ${HASH_LENGTH}) as hash from audit where id = ?`,
  );
  // By row number: the index of entities would be read from end to end.
  const types = sqlite.prepare<{ entity_type: string }, [number]>(
    "select distinct entity_type from audit not indexed where id > ?",
  );

  function listChanges(previous: Snapshot | null, next: Snapshot): string[] {
    if (previous === null || next.audit - previous.audit > LIMITS.changesBehind)
      return [EVERYTHING];
    const isSameRow = previous.audit === next.audit;
    const hash = isSameRow ? next.hash : hashOf.get(previous.audit)?.hash;
    if (hash !== previous.hash) return [EVERYTHING];
    const changed = isSameRow ? [] : types.all(previous.audit).map((row) => row.entity_type);
    const isDelivered =
      previous.deliveries !== next.deliveries || previous.attempts !== next.attempts;
    return isDelivered ? [...changed, DELIVERY] : changed;
  }

  return [
    sessionRoute({
      method: "GET",
      path: "/changes",
      isPoll: true,
      query: z.object({ after: z.string().max(200).optional() }),
      handle({ query: { after } }) {
        const next = current.get()!;
        const changed = after === undefined ? [] : listChanges(parseMark(after), next);
        return dataResponse<Changes>({
          mark: formatMark(next),
          changed,
          storage: health.problem(),
        });
      },
    }),
  ];
}

const formatMark = ({ audit, hash, deliveries, attempts }: Snapshot) =>
  [audit, hash, deliveries, attempts].join(".");

/** Null for an invalid mark. */
function parseMark(text: string): Snapshot | null {
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
