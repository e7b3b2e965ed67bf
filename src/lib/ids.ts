/** Identifiers: UUIDs of version 7 (RFC 9562) for rows, `evt_` ids for events. */
import { v7 } from "uuid";
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

export interface Ids {
  /** A UUID version 7. The ids of one process sort in the order of their creation. */
  uuid(): string;
  /** `evt_` and 32 lower-case hex digits. */
  event(): string;
  /** 32 lower-case hex digits. */
  request(): string;
}

const hex = (bytes: Uint8Array): string => bytes.toHex();

/** `requests`: the random source of request ids, which are many more than rows. */
export function createIds(clock: Clock, random: Random, requests = random): Ids {
  let msecs = 0;
  let seq = 0;
  return {
    uuid() {
      const now = clock.now();
      if (now > msecs) {
        msecs = now;
        // Starts in the lower half at random, so that an id does not reveal the next and the counter has room.
        seq = Buffer.from(random.bytes(4)).readUInt32BE() >>> 1;
      } else {
        seq += 1;
      }
      return v7({ msecs, seq, random: random.bytes(16) });
    },
    event: () => `evt_${hex(random.bytes(16))}`,
    request: () => hex(requests.bytes(16)),
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether a path segment can be the id of a row; another one is a 404 without a query. */
export const isUuid = (text: string): boolean => UUID.test(text);
