/**
 * What the dashboard's API answers with, as types alone: the one place from which the pages take them. Each answer is
 * `{data: …}` of one of these, or a `Page` of them; importing this file brings no code of the server along.
 */
import type { z } from "zod";
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
import type { organization } from "../resources/organization.ts";
import type { teamMembers } from "../resources/team-members.ts";
import type { attempts, deliveries, events } from "../store/outbox-tables.ts";
import type { DeliveryHistory } from "../webhooks/deliveries.ts";
import type { webhookSubscriptions } from "../webhooks/subscriptions.ts";
import type { confirmableAction } from "./confirmable-actions.ts";

/** A row as it is shown: its place in the file never leaves the server. */
type Shown<Table extends { $inferSelect: { seq: number } }> = Omit<Table["$inferSelect"], "seq">;

/** One page of a list; `next_cursor` is null on the last. */
export interface Page<T extends object> extends AnyPage {
  data: T[];
}

/** A call as a list has it. */
export type Call = CallView;
export type CallWithTranscript = Call & { transcript: Turn[] };
export type Contact = Shown<typeof contacts>;
export type Fact = Shown<typeof facts>;
export type Faq = Shown<typeof faqs>;
export type Policy = Shown<typeof policies>;
export type KnowledgeEntry =
  | ({ type: "fact" } & Fact)
  | ({ type: "faq" } & Faq)
  | ({ type: "policy" } & Policy);
export type Location = Shown<typeof locations>;
export type TeamMember = Shown<typeof teamMembers>;
export type EscalationRule = Shown<typeof escalationRules>;
export type Intent = Shown<typeof intents>;
export type WebhookSubscription = Omit<
  Shown<typeof webhookSubscriptions>,
  "secret" | "consecutive_failures" | "failing_since"
>;

/** `POST /v1/webhook-subscriptions` and `POST …/:id/rotate-secret`. */
export interface SubscriptionWithSecret {
  data: WebhookSubscription;
  secret: string;
  warning: string;
}

/** `GET /field-help`: what a form says below an input, by request schema and field. */
export type FieldHelp = Record<string, Partial<Record<string, string>>>;

/** `GET /last-deliveries`: the newest of each subscription that has one, samples aside. */
export interface LastDelivery {
  id: string;
  subscription_id: string;
  status: (typeof deliveries.$inferSelect)["status"];
  created_at: string;
  /** How often it was tried. */
  attempts: number;
}

/** `GET /v1/webhook-subscriptions/:id/deliveries`. */
export type Delivery = ReturnType<DeliveryHistory["view"]>;
type Attempt = typeof attempts.$inferSelect;

/** `GET /calls/:id/deliveries`: a delivery that a call caused, with its last attempt; newest first. */
export interface DeliverySummary {
  id: string;
  subscription_id: string;
  /** Null where the subscription is deleted. */
  url: string | null;
  event_type: (typeof events.$inferSelect)["type"];
  status: (typeof deliveries.$inferSelect)["status"];
  created_at: string;
  /** Of the last attempt; all three null before the first. */
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
  /** `answer`: the first 4 KiB of what came back; null when nothing did. */
  attempts: Omit<Attempt, "seq" | "delivery_seq">[];
  request: SentRequest;
}

/** The request as it was last sent, or will be. */
export interface SentRequest {
  /** In the order in which they are sent; null for what is not known, see `signature`. */
  headers: Record<string, string | null>;
  /** To the byte. */
  body: string;
  /**
   * `shown`: the headers hold the time and the signatures of the last attempt. `rotated`: the secret was changed after it,
   * so the signatures cannot be made again. `not_sent`: no attempt yet, so there is neither time nor signature.
   * `unreadable`: the subscription is deleted, or its secret was sealed with another key.
   */
  signature: "shown" | "rotated" | "not_sent" | "unreadable";
}

/** `POST /webhook-subscriptions/:id/retry-failed`. `more`: there were more than are sent again at once. */
export interface SentAgain {
  sent_again: number;
  more: boolean;
}

/** `GET /keys`; the key itself stands beside `data` in the answer that makes it. */
export type Key = ReturnType<typeof keyView> & { access: "read" | "write" | "platform" };
export interface NewKey {
  data: Key;
  key: string;
  warning: string;
}
export interface RotatedKey extends NewKey {
  old: Key;
}

/** `GET /session`: who is signed in, and to what. */
export interface SessionInfo {
  user: Pick<User, "id" | "email" | "name"> & {
    two_factor: boolean;
    recovery_codes_left: number;
  };
  session: Pick<Session, "id" | "created_at" | "expires_at">;
  organization: { name: string | null };
  /** Of the server's program. */
  version: string;
  /** Where the server is reached, for links and examples. */
  public_url: string;
}

/** `GET /sessions`. */
export type SessionEntry = Pick<
  Session,
  "id" | "created_at" | "expires_at" | "ip" | "user_agent" | "last_seen_at" | "last_seen_ip"
> & { current: boolean };

/** `GET /welcome`, for whoever comes. */
export interface Welcome {
  organization: string | null;
  /** The first account is still to be made, by the link that the server printed. */
  needs_account: boolean;
}

/** `PATCH /organization`. */
export type Organization = Pick<typeof organization.$inferSelect, "name">;

/** `POST /confirm`: what may be confirmed, and the answer. */
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

/** `GET /audit`. `entity_name`: what the entity is called now, or was when it was deleted. */
export type AuditEntry = ReturnType<typeof entryView> & { entity_name: string | null };
/** `GET /audit/state`. */
export type AuditState = Verdict & { checked_at: string };

/** `GET /changes`: the entity types of the audit log, `delivery` beside them, or `*` alone: everything. */
export interface Changes {
  mark: string;
  changed: string[];
}

/** `GET /attention`: a message or callback request that nobody has dealt with. */
export interface AttentionItem {
  call_id: string;
  kind: "message" | "callback";
  /** Of the message in its call; null for a callback. */
  index: number | null;
  started_at: string;
  contact_id: string | null;
  contact_name: string | null;
  from_number: string | null;
  location_id: string | null;
  /** The message, or what the callback is about. */
  text: string | null;
  /** Who left the message. */
  name: string | null;
  callback_number: string | null;
  requested_window: string | null;
  team_member_id: string | null;
}

/** `GET /overview`. Spam and unscorable calls count in `totals.hidden` alone. */
export interface Overview {
  /** What was counted: from then on, and before that. */
  from: string;
  to: string;
  timezone: string;
  /** Each local day of the range. `outcomes`: calls by outcome, "" for none, of those that `outcomes` below names. */
  days: { date: string; calls: number; seconds: number; outcomes: Record<string, number> }[];
  /** The most frequent first. */
  outcomes: { outcome: string | null; calls: number }[];
  other_outcomes: Rest;
  /** The most frequent first; null for calls without one. */
  intents: { intent_id: string | null; name: string | null; calls: number }[];
  other_intents: Rest;
  /** Calls by local day of the week, Monday first, and hour. */
  hours: number[][];
  totals: { calls: number; seconds: number; hidden: number };
  /** In the equally long range before. */
  before: { calls: number; seconds: number };
  attention: Attention;
  setup: Setup;
}

/** What a ranking leaves out: how many of its kind, with how many calls together. */
export interface Rest {
  count: number;
  calls: number;
}

export interface Attention {
  /** Messages and callback requests; of no more calls than LIMITS.openCallsCounted, the newest. */
  open_items: number;
  /** That are switched on and have failed since their last success. */
  failing_subscriptions: number;
  auto_disabled_subscriptions: number;
  /** Active keys that end within 14 days. */
  expiring_keys: number;
  /** Active keys, older than 90 days and not used for as long. */
  unused_keys: number;
}

/** What of a new install is done. */
export interface Setup {
  has_key: boolean;
  has_platform_key: boolean;
  has_subscription: boolean;
  has_call: boolean;
  has_location: boolean;
}
