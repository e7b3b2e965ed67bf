/** The messages and callback requests that nobody has handled yet, those of the newest call first. */
import { z } from "zod";
import { LIMITS } from "../config.ts";
import { filterMark, pageLimit, pagingQuery, readCursor, toPage } from "../http/paging.ts";
import type { Query } from "../http/route.ts";
import { type CallbackRequest, HAS_OPEN_ITEMS, type Message } from "../resources/calls.ts";
import type { Db } from "../store/database.ts";
import type { AttentionItem, Page } from "./answers.ts";
import { type DashboardRoute, pageResponse, sessionRoute } from "./dashboard-route.ts";

/** The columns of a call that has open items. */
interface OpenCall
  extends Pick<
    AttentionItem,
    "started_at" | "contact_id" | "contact_name" | "from_number" | "location_id"
  > {
  id: string;
  messages: string;
  callback_request: string | null;
}
/** An item and its position within its call. */
interface PlacedItem {
  item: AttentionItem;
  position: number;
}

/** The callback request comes before the messages, whose number may grow. */
const CALLBACK_POSITION = -1;
/** Sorts after every time: the start of the first page. */
const NEWEST = "~";

export type OpenItems = ReturnType<typeof createOpenItems>;

export function createOpenItems({ $client: sqlite }: Db) {
  const openCalls = sqlite.prepare<OpenCall, [Record<string, string | number>]>(
    `select id, started_at, contact_id, from_number, location_id, messages, callback_request,
       (select nullif(trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), '')
        from contacts where contacts.id = calls.contact_id) as contact_name
     from calls where ${HAS_OPEN_ITEMS} and started_at <= $sort and (started_at < $sort or id <= $id)
     order by started_at desc, id desc limit $limit`,
  );
  const newestCalls = sqlite.prepare<Pick<OpenCall, "messages" | "callback_request">, []>(
    `select messages, callback_request from calls where ${HAS_OPEN_ITEMS}
     order by started_at desc, id desc limit ${LIMITS.openCallsCounted}`,
  );

  return {
    list(query: Query): Page<AttentionItem> {
      const limit = pageLimit(query);
      const mark = filterMark("attention", query);
      const [sort, last] =
        query.cursor === undefined ? [NEWEST, ""] : readCursor(query.cursor, mark);
      const [id = "", lastPosition] = last.split(" ");
      // Each call has at least one open item, except that the cursor's call may have none after the cursor.
      const items = openCalls
        .all({ sort, id, limit: limit + 2 })
        .flatMap(itemsOf)
        .filter(({ item, position }) => item.call_id !== id || position > Number(lastPosition));
      const { data, ...rest } = toPage(
        items.slice(0, limit + 1),
        limit,
        mark,
        ({ item, position }) => [item.started_at, `${item.call_id} ${position}`],
        ({ item }) => item,
      );
      return { data: data as AttentionItem[], ...rest };
    },
    /** Counts the items of the newest `LIMITS.openCallsCounted` calls. */
    count: (): number => newestCalls.all().reduce((sum, call) => sum + openPartsOf(call).length, 0),
  };
}

type OpenPart =
  | { position: number; message: Message; callback?: undefined }
  | { position: number; message?: undefined; callback: CallbackRequest };

function openPartsOf(call: Pick<OpenCall, "messages" | "callback_request">): OpenPart[] {
  const callback: CallbackRequest | null =
    call.callback_request === null ? null : JSON.parse(call.callback_request);
  const messages: Message[] = JSON.parse(call.messages);
  return [
    ...(callback?.handled_at === null ? [{ position: CALLBACK_POSITION, callback }] : []),
    ...messages.flatMap((message, position) =>
      message.handled_at === null ? [{ position, message }] : [],
    ),
  ];
}

function itemsOf(call: OpenCall): PlacedItem[] {
  const { id: call_id, messages: _messages, callback_request: _request, ...common } = call;
  return openPartsOf(call).map(({ position, message, callback }) => ({
    position,
    item: {
      call_id,
      kind: message ? "message" : "callback",
      index: message ? position : null,
      ...common,
      text: message ? message.message : callback.reason,
      name: message?.caller_name ?? null,
      callback_number: (message ?? callback).callback_number,
      requested_window: callback?.requested_window ?? null,
      team_member_id: message?.team_member_id ?? null,
    },
  }));
}

export function attentionRoutes(openItems: OpenItems): DashboardRoute[] {
  return [
    sessionRoute({
      method: "GET",
      path: "/attention",
      query: z.object(pagingQuery),
      handle: ({ query }) => pageResponse<AttentionItem>(openItems.list(query)),
    }),
  ];
}
