/** What the page of a mock is told. */
import type { FaultState } from "../mock/faults.ts";

export interface MockState {
  url: string;
  version: string;
  organization: string;
  seed: number;
  /** The mock's own time. */
  now: string;
  speed: number;
  strict: boolean;
  limits: boolean;
  keys: { name: string; scope: "read" | "write" | "platform"; token: string }[];
  calls: number;
  subscriptions: number;
  faults: FaultState[];
  /** The newest first. */
  requests: RecentRequest[];
}

export interface RecentRequest {
  number: number;
  at: string;
  method: string;
  path: string;
  url: string;
  /** The name of the key; null where none was taken. */
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
