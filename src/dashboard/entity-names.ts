/** What the things in the audit log are called, so that a line of it can be read. */
import type { AuditRow } from "../store/audit-chain.ts";
import type { Db } from "../store/database.ts";

type Fields = Record<string, unknown>;
interface Named {
  table: string;
  /** What the name is made of; the audit log calls them the same. */
  columns: readonly string[];
  name(fields: Fields): unknown;
  /** The thing that it is called by where there is one: its type, and the column that holds its id. */
  by?: { type: string; column: string };
}

/** Called by the first of these columns that says something. */
const named = (table: string, ...columns: string[]): Named => ({
  table,
  columns,
  name: (fields) => columns.map((column) => fields[column]).find(Boolean),
});
/** Of an account, and called by it. */
const ofUser = (table: string): Named => ({
  table,
  columns: ["user_id"],
  name: () => null,
  by: { type: "user", column: "user_id" },
});

const BY_TYPE: Record<string, Named> = {
  organization: named("organization", "name"),
  api_key: named("api_keys", "name"),
  user: named("users", "email"),
  session: ofUser("sessions"),
  recovery_code: ofUser("recovery_codes"),
  contact: {
    table: "contacts",
    columns: ["first_name", "last_name", "phone_number"],
    name: ({ first_name, last_name, phone_number }) =>
      [first_name, last_name].filter(Boolean).join(" ") || phone_number,
  },
  call: {
    table: "calls",
    columns: ["contact_id", "direction", "from_number", "to_number"],
    name: ({ direction, from_number, to_number }) =>
      direction === "outbound" ? to_number : from_number,
    by: { type: "contact", column: "contact_id" },
  },
  location: named("locations", "name"),
  team_member: named("team_members", "name"),
  escalation_rule: named("escalation_rules", "name"),
  intent: named("intents", "name"),
  fact: named("facts", "key"),
  faq: named("faqs", "question"),
  policy: named("policies", "policy_key"),
  webhook_subscription: named("webhook_subscriptions", "description", "url"),
};

/** Gives the function that names what an audit row is about: as it is called now, or was when it went; null for neither. */
export function createEntityNames({ $client: sqlite }: Db) {
  const rows = new Map(
    Object.entries(BY_TYPE).map(([type, { table, columns }]) => [
      type,
      sqlite.prepare<Fields, [string]>(`select ${columns.join(", ")} from ${table} where id = ?`),
    ]),
  );

  function nameFrom(type: string, fields: Fields): string | null {
    const { name, by } = BY_TYPE[type]!;
    const id = by && fields[by.column];
    if (typeof id === "string") {
      const found = rows.get(by!.type)!.get(id);
      if (found) return nameFrom(by!.type, found);
    }
    const text = name(fields);
    return typeof text === "string" && text !== "" ? text : null;
  }

  return ({ entity_type, entity_id, changes }: AuditRow): string | null => {
    if (!rows.has(entity_type)) return null;
    const now = rows.get(entity_type)!.get(entity_id);
    return nameFrom(entity_type, now ?? fieldsOf(changes));
  };
}

/** The fields that a change names, as they were after it, or before it where it took them away. */
function fieldsOf(changes: string): Fields {
  try {
    const pairs = Object.entries(JSON.parse(changes) as Record<string, [unknown, unknown]>);
    return Object.fromEntries(pairs.map(([field, [before, after]]) => [field, after ?? before]));
  } catch {
    // Altered into what is no JSON: such a row is to be shown, too.
    return {};
  }
}
