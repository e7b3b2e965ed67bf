/** What callers left and nobody has dealt with: messages and callback requests, of the newest call first. */
import { z } from "zod";
import { LIMITS } from "../config.ts";
import { filterMark, pageLimit, pagingQuery, readCursor, toPage } from "../http/paging.ts";
import type { Query } from "../http/route.ts";
import { type CallbackRequest, HAS_OPEN_ITEMS, type Message } from "../resources/calls.ts";
import type { Db } from "../store/database.ts";
import type { AttentionItem, Page } from "./answers.ts";
import { type DashboardRoute, pageResponse, sessionRoute } from "./dashboard-route.ts";

/** A call as it is stored, with what is open in it. */
interface OpenCall
  extends Pick<
    AttentionItem,
    "started_at" | "contact_id" | "contact_name" | "from_number" | "location_id"
  > {
  id: string;
  messages: string;
  callback_request: string | null;
}
/** An item with its place in the list. */
interface Placed {
  item: AttentionItem;
  place: number;
}

/** A call's callback request stands before its messages, which may become more. */
const CALLBACK_PLACE = -1;
/** Sorts after every time: where the newest page starts. */
const NEWEST = "~";

export function createOpenItems({ $client: sqlite }: Db) {
  const open = sqlite.prepare<OpenCall, [Record<string, string | number>]>(
    `select id, started_at, contact_id, from_number, location_id, messages, callback_request,
       (select nullif(trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), '')
        from contacts where contacts.id = calls.contact_id) as contact_name
     from calls where ${HAS_OPEN_ITEMS} and started_at <= $sort and (started_at < $sort or id <= $id)
     order by started_at desc, id desc limit $limit`,
  );
  const newest = sqlite.prepare<Pick<OpenCall, "messages" | "callback_request">, []>(
    `select messages, callback_request from calls where ${HAS_OPEN_ITEMS}
     order by started_at desc, id desc limit ${LIMITS.openCallsCounted}`,
  );

  return {
    list(query: Query): Page<AttentionItem> {
      const limit = pageLimit(query);
      const mark = filterMark("attention", query);
      const [sort, last] =
        query.cursor === undefined ? [NEWEST, ""] : readCursor(query.cursor, mark);
      const [id = "", place] = last.split(" ");
      // Each call has one at least, and the call of the cursor may have none beyond it.
      const items = open
        .all({ sort, id, limit: limit + 2 })
        .flatMap(itemsOf)
        .filter(({ item, place: each }) => item.call_id !== id || each > Number(place));
      const { data, ...rest } = toPage(
        items.slice(0, limit + 1),
        limit,
        mark,
        ({ item, place: each }) => [item.started_at, `${item.call_id} ${each}`],
        ({ item }) => item,
      );
      return { data: data as AttentionItem[], ...rest };
    },
    /** How many there are, of the newest calls. */
    count: (): number => newest.all().reduce((sum, call) => sum + openIn(call).length, 0),
  };
}

type Open =
  | { place: number; message: Message; callback?: undefined }
  | { place: number; message?: undefined; callback: CallbackRequest };

function openIn(call: Pick<OpenCall, "messages" | "callback_request">): Open[] {
  const callback: CallbackRequest | null =
    call.callback_request === null ? null : JSON.parse(call.callback_request);
  const messages: Message[] = JSON.parse(call.messages);
  return [
    ...(callback?.handled_at === null ? [{ place: CALLBACK_PLACE, callback }] : []),
    ...messages.flatMap((message, place) =>
      message.handled_at === null ? [{ place, message }] : [],
    ),
  ];
}

function itemsOf(call: OpenCall): Placed[] {
  const { id: call_id, messages: _messages, callback_request: _request, ...about } = call;
  return openIn(call).map(({ place, message, callback }) => ({
    place,
    item: {
      call_id,
      kind: message ? "message" : "callback",
      index: message ? place : null,
      ...about,
      text: message ? message.message : callback.reason,
      name: message?.caller_name ?? null,
      callback_number: (message ?? callback).callback_number,
      requested_window: callback?.requested_window ?? null,
      team_member_id: message?.team_member_id ?? null,
    },
  }));
}

export function attentionRoutes(items: ReturnType<typeof createOpenItems>): DashboardRoute[] {
  return [
    sessionRoute({
      method: "GET",
      path: "/attention",
      query: z.object(pagingQuery),
      handle: ({ query }) => pageResponse<AttentionItem>(items.list(query)),
    }),
  ];
}
