/**
 * The response bodies of the dashboard's API, for the pages. Each body is `{data: …}` with one of these types, or a `Page`
 * of them. The file has types only, so that importing it adds no server code to the pages.
 */
import type { z } from "zod";
import type { Invitation } from "../access/invitations.ts";
import type { keyView } from "../access/keys.ts";
import type { Session } from "../access/sessions.ts";
import type { Proof } from "../access/step-up.ts";
import type { User } from "../access/users.ts";
import type { entryView, Verdict } from "../audit/log.ts";
import type { Page as AnyPage } from "../http/route.ts";
import type { CallView, Turn } from "../resources/calls.ts";
import type { contacts } from "../resources/contacts.ts";
import type { escalationRules } from "../resources/escalation-rules.ts";
import type { intents } from "../resources/intents.ts";
import type { facts, faqs, policies } from "../resources/knowledge.ts";
import type { locations } from "../resources/locations.ts";
import type { teamMembers } from "../resources/team-members.ts";
import type { StorageProblem } from "../store/errors.ts";
import type { attempts, deliveries, events } from "../store/outbox-tables.ts";
import type { DeliveryHistory } from "../webhooks/deliveries.ts";
import type { webhookSubscriptions } from "../webhooks/subscriptions.ts";
import type { confirmableAction } from "./confirmable-actions.ts";

/** A row without its internal row number, which never leaves the server. */
type View<Table extends { $inferSelect: { seq: number } }> = Omit<Table["$inferSelect"], "seq">;

/** One page of a list; `next_cursor` is null on the last. */
export interface Page<T extends object> extends AnyPage {
  data: T[];
}

/** A call in a list, without its transcript. */
export type Call = CallView;
export type CallWithTranscript = Call & { transcript: Turn[] };
export type Contact = View<typeof contacts>;
export type Fact = View<typeof facts>;
export type Faq = View<typeof faqs>;
export type Policy = View<typeof policies>;
export type KnowledgeEntry =
  | ({ type: "fact" } & Fact)
  | ({ type: "faq" } & Faq)
  | ({ type: "policy" } & Policy);
export type Location = View<typeof locations>;
export type TeamMember = View<typeof teamMembers>;
export type EscalationRule = View<typeof escalationRules>;
export type Intent = View<typeof intents>;
export type WebhookSubscription = Omit<
  View<typeof webhookSubscriptions>,
  "secret" | "consecutive_failures" | "failing_since"
>;

/** `POST /v1/webhook-subscriptions` and `POST …/:id/rotate-secret`. */
export interface SubscriptionWithSecret {
  data: WebhookSubscription;
  secret: string;
  warning: string;
}

/** `GET /field-help`: the help text below a form's input, by request schema and field. */
export type FieldHelp = Record<string, Partial<Record<string, string>>>;

/** `GET /last-deliveries`: the newest delivery of each subscription that has one, test deliveries excluded. */
export interface LastDelivery {
  id: string;
  subscription_id: string;
  status: (typeof deliveries.$inferSelect)["status"];
  created_at: string;
  /** The number of attempts so far. */
  attempts: number;
}

/** `GET /v1/webhook-subscriptions/:id/deliveries`. */
export type Delivery = ReturnType<DeliveryHistory["view"]>;
type Attempt = typeof attempts.$inferSelect;

/** `GET /calls/:id/deliveries`: the deliveries that a call caused, newest first, each with its last attempt. */
export interface DeliverySummary {
  id: string;
  subscription_id: string;
  /** Null where the subscription is deleted. */
  url: string | null;
  event_type: (typeof events.$inferSelect)["type"];
  status: (typeof deliveries.$inferSelect)["status"];
  created_at: string;
  /** The last attempt; all three fields are null before the first. */
  attempted_at: string | null;
  status_code: number | null;
  error: string | null;
  next_attempt_at: string | null;
}

/** `GET /deliveries/:id`. */
export interface DeliveryDetail extends Omit<Delivery, "attempts"> {
  subscription_id: string;
  /** Null where the subscription is deleted. */
  url: string | null;
  /** `answer`: the first 4 KiB of the response; null without one. */
  attempts: Omit<Attempt, "seq" | "delivery_seq">[];
  request: SentRequest;
}

/** The request as it was last sent, or as it will be sent. */
export interface SentRequest {
  /** In the order in which they are sent; null for an unknown value, see `signature`. */
  headers: Record<string, string | null>;
  /** Byte for byte. */
  body: string;
  /**
   * `shown`: the headers have the time and the signatures of the last attempt. `rotated`: the secret changed after the last
   * attempt, so the signatures cannot be rebuilt. `not_sent`: there is no attempt yet, so no time and no signature.
   * `unreadable`: the subscription is deleted, or its secret was encrypted with another key.
   */
  signature: "shown" | "rotated" | "not_sent" | "unreadable";
}

/** `POST /webhook-subscriptions/:id/retry-failed`. `more`: more deliveries failed than one request retries. */
export interface SentAgain {
  sent_again: number;
  more: boolean;
}

/** `GET /keys`. The key itself is only in the response that creates it, next to `data`. */
export type Key = ReturnType<typeof keyView> & { access: "read" | "write" | "platform" };
export interface NewKey {
  data: Key;
  key: string;
  warning: string;
}
export interface RotatedKey extends NewKey {
  old: Key;
}

/** `POST /invitation/check`. */
export type InvitationInfo = Pick<Invitation, "email" | "role">;

/** `GET /session`: the signed-in user, the session and the server. */
export interface SessionInfo {
  user: Pick<User, "id" | "email" | "name" | "role"> & {
    two_factor: boolean;
    recovery_codes_left: number;
  };
  session: Pick<Session, "id" | "created_at" | "expires_at">;
  organization: Organization;
  /** The version of the server. */
  version: string;
  /** The address at which people reach the server, for links and examples. */
  public_url: string;
}

/** `GET /sessions`. */
export type SessionEntry = Pick<
  Session,
  "id" | "created_at" | "expires_at" | "ip" | "user_agent" | "last_seen_at" | "last_seen_ip"
> & { current: boolean };

/** `GET /welcome`, without a session. */
export interface Welcome {
  organization: string | null;
  /** Whether the first account does not exist yet. The link that the server printed creates it. */
  needs_account: boolean;
}

/** `PATCH /organization`. */
export interface Organization {
  name: string | null;
  /** ISO 3166-1 alpha-2. */
  country: string | null;
}

/** `POST /confirm`: the actions that can be confirmed, and the response. */
export type ConfirmableAction = z.infer<typeof confirmableAction>;
export type Confirmation = Proof;

/** `POST /totp`. */
export interface TotpEnrolment {
  secret: string;
  url: string;
}
/** `POST /totp/confirm` and `POST /totp/recovery-codes`. */
export interface RecoveryCodes {
  recovery_codes: string[];
}

/** `GET /audit`. `entity_name`: the current name of the entity, or its last name where it is deleted. */
export type AuditEntry = ReturnType<typeof entryView> & { entity_name: string | null };
/** `GET /audit/state`. */
export type AuditState = (Verdict & { checked_at: string }) | AuditProgress;
/** A verification that is under way. `total_rows` is 0 until the first rows are verified. */
export interface AuditProgress {
  intact: null;
  checked_rows: number;
  total_rows: number;
}

/** `GET /changes`: entity types of the audit log, `delivery`, or only `*`, which means that anything may have changed. */
export interface Changes {
  mark: string;
  changed: string[];
  /** Why the server accepts no writes at present; null while it does. */
  storage: StorageProblem | null;
}

/** `GET /attention`: a message or callback request that nobody has handled yet. */
export interface AttentionItem {
  call_id: string;
  kind: "message" | "callback";
  /** The index of the message in its call; null for a callback. */
  index: number | null;
  started_at: string;
  contact_id: string | null;
  contact_name: string | null;
  from_number: string | null;
  location_id: string | null;
  /** The message, or the reason for the callback. */
  text: string | null;
  /** Who left the message. */
  name: string | null;
  callback_number: string | null;
  requested_window: string | null;
  team_member_id: string | null;
}

/** `GET /overview`. Spam and unscorable calls count only in `totals.hidden`. */
export interface Overview {
  /** The current period: `from` is inclusive, `to` exclusive. */
  from: string;
  to: string;
  timezone: string;
  /** Every local day of the period. `outcomes`: calls by outcome, "" without one, of the outcomes ranked below. */
  days: { date: string; calls: number; seconds: number; outcomes: Record<string, number> }[];
  /** The most frequent first. */
  outcomes: { outcome: string | null; calls: number }[];
  other_outcomes: RankingRest;
  /** The most frequent first; null for calls without one. */
  intents: { intent_id: string | null; name: string | null; calls: number }[];
  other_intents: RankingRest;
  /** Calls by local day of the week, Monday first, and hour. */
  hours: number[][];
  totals: { calls: number; seconds: number; hidden: number };
  /** The previous period, of the same length. */
  before: { calls: number; seconds: number };
  attention: Attention;
  setup: Setup;
}

/** What a ranking leaves out: the number of outcomes or intents, and of their calls. */
export interface RankingRest {
  count: number;
  calls: number;
}

export interface Attention {
  /** Open messages and callback requests of the newest calls, at most LIMITS.openCallsCounted of them. */
  open_items: number;
  /** Enabled subscriptions that have failed since their last success. */
  failing_subscriptions: number;
  auto_disabled_subscriptions: number;
  /** Active keys that expire within 14 days. */
  expiring_keys: number;
  /** Active keys that were created and last used more than 90 days ago. */
  unused_keys: number;
}

/** Which steps of the setup are done. */
export interface Setup {
  has_key: boolean;
  has_platform_key: boolean;
  has_subscription: boolean;
  has_call: boolean;
  has_location: boolean;
}
