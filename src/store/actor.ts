/** Who acts. Every write is handed an Actor, the proof that somebody was let in, and the audit row says who it was. */

export const ACTOR_TYPES = ["key", "platform", "user", "cli", "system"] as const;

export interface Actor {
  type: (typeof ACTOR_TYPES)[number];
  /** The key's or user's id; null for the command line and the system. */
  id: string | null;
  /** As it was called at the time: the key's name, the user's email, the operating system's user. */
  name: string | null;
  /** The key's shown prefix. */
  prefix: string | null;
  ip: string | null;
  user_agent: string | null;
  /** Ties the rows of one request together. */
  request_id: string | null;
  /**
   * Throws if the actor may no longer act. Every change calls it inside its transaction, since a key or a session may end
   * while its request is under way. Null for an actor without a credential that can end.
   */
  requireValid: (() => void) | null;
}

/** Where a request comes from, as its audit rows show it. */
export type RequestOrigin = Pick<Actor, "ip" | "user_agent" | "request_id">;

/** Somebody who is signed in to the dashboard. `requireValid` checks the session again. */
export const userActor = (
  user: { id: string; email: string },
  from: RequestOrigin,
  requireValid: () => void,
): Actor => ({ type: "user", id: user.id, name: user.email, prefix: null, ...from, requireValid });

/** Somebody at the machine's own command line. */
export const cliActor = (user: string, requestId: string): Actor => ({
  type: "cli",
  id: null,
  name: user,
  prefix: null,
  ip: null,
  user_agent: null,
  request_id: requestId,
  requireValid: null,
});

/** The server itself, such as when it disables a broken subscription. */
export const systemActor = (name: string): Actor => ({
  type: "system",
  id: null,
  name,
  prefix: null,
  ip: null,
  user_agent: null,
  request_id: null,
  requireValid: null,
});
