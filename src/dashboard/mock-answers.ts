/** The response bodies of a mock server for its page `/mock`. */
import type { EventType } from "../contract/event-types.ts";

export interface FaultRule {
  /** `METHOD /path`, a path, or `*`. */
  route: string;
  /** Name of a mock key; null for every key. */
  key: string | null;
  fault: string;
  /** Above 0, at most 1. */
  probability: number;
}

/** `met`: the number of requests that the rule matched. `left`: how many more it applies to; null without a limit. */
export interface FaultState extends FaultRule {
  met: number;
  left: number | null;
}

export interface TriggeredEvent {
  event: { id: string; type: EventType; created_at: string; data: Record<string, unknown> };
  /** How many subscriptions receive it. */
  deliveries: number;
}

export interface MockState {
  url: string;
  version: string;
  organization: string;
  seed: number;
  /** The mock's current time. */
  now: string;
  speed: number;
  strict: boolean;
  limits: boolean;
  keys: { name: string; scope: "read" | "write" | "platform"; token: string }[];
  calls: number;
  subscriptions: number;
  faults: FaultState[];
  /** Newest first. */
  requests: RecentRequest[];
}

export interface RecentRequest {
  number: number;
  at: string;
  method: string;
  path: string;
  url: string;
  /** The name of the key; null without a valid one. */
  key: string | null;
  status: number | null;
  ms: number | null;
  fault: string | null;
}

export interface RecentDetail extends RecentRequest {
  curl: string;
  request: { headers: Record<string, string>; body: string };
  answer: { headers: Record<string, string>; body: string };
}
