/** How long deliveries and events are kept. */
import { LIMITS } from "../config.ts";
import { isoTime } from "../lib/clock.ts";
import type { Store } from "../store/change.ts";

const BATCH_SIZE = 500;

const OLD_DELIVERIES = `delete from webhook_deliveries where seq in (
  select seq from webhook_deliveries where created_at < ? and status <> 'pending' order by created_at limit ${BATCH_SIZE}
)`;
const OLD_EVENTS = `delete from events where seq in (
  select seq from events where created_at < ?
  and not exists (select 1 from webhook_deliveries where event_seq = events.seq) order by created_at limit ${BATCH_SIZE}
)`;

/** Deletes deliveries and events that are older than `LIMITS.deliveryDays`, in batches, so that no write waits long. */
export async function removeOldDeliveries(store: Store): Promise<void> {
  for (const statement of [OLD_DELIVERIES, OLD_EVENTS]) {
    let deleted = BATCH_SIZE;
    while (deleted >= BATCH_SIZE) {
      deleted = await store.housekeep(({ $client }, at) => {
        const before = isoTime(Date.parse(at) - LIMITS.deliveryDays * 86_400_000);
        return $client.query(statement).run(before).changes;
      });
    }
  }
}
