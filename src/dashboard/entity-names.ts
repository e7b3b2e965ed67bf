/** Names the entity of an audit row for people: a contact by its name, a session by its account's email. */
import { getTableName } from "drizzle-orm";
import { invitationEntity } from "../access/invitations.ts";
import { apiKeyEntity } from "../access/keys.ts";
import { sessionEntity } from "../access/sessions.ts";
import { recoveryCodeEntity, userEntity } from "../access/users.ts";
import { ENTITY_TYPES, type EntityType } from "../contract/entities.ts";
import { callEntity } from "../resources/calls.ts";
import { contactEntity } from "../resources/contacts.ts";
import { escalationRuleEntity } from "../resources/escalation-rules.ts";
import { intentEntity } from "../resources/intents.ts";
import { factDefinition, faqDefinition, policyDefinition } from "../resources/knowledge.ts";
import { locationEntity } from "../resources/locations.ts";
import { organizationEntity } from "../resources/organization.ts";
import { teamMemberEntity } from "../resources/team-members.ts";
import type { AuditRow } from "../store/audit-chain.ts";
import type { Db } from "../store/database.ts";
import type { Entity } from "../store/entity.ts";
import { webhookSubscriptionEntity } from "../webhooks/subscriptions.ts";

type Fields = Record<string, unknown>;
interface Naming {
  table: string;
  /** The columns that the name is made of. The audit log records them under the same names. */
  columns: readonly string[];
  nameOf(fields: Fields): unknown;
  /** Another entity whose name takes precedence: its type, and the column that holds its id. */
  owner?: { type: EntityType; column: string };
}

/** Names an entity by the first of these columns that has a value. */
const byColumns = ({ table }: Entity, ...columns: string[]): Naming => ({
  table: getTableName(table),
  columns,
  nameOf: (fields) => columns.map((column) => fields[column]).find(Boolean),
});

/** Names an entity of an account by the account. */
const byUser = ({ table }: Entity): Naming => ({
  table: getTableName(table),
  columns: ["user_id"],
  nameOf: () => null,
  owner: { type: "user", column: "user_id" },
});

const NAMINGS: Record<EntityType, Naming> = {
  organization: byColumns(organizationEntity, "name"),
  api_key: byColumns(apiKeyEntity, "name"),
  user: byColumns(userEntity, "email"),
  invitation: byColumns(invitationEntity, "email"),
  session: byUser(sessionEntity),
  recovery_code: byUser(recoveryCodeEntity),
  contact: {
    table: getTableName(contactEntity.table),
    columns: ["first_name", "last_name", "phone_number"],
    nameOf: ({ first_name, last_name, phone_number }) =>
      [first_name, last_name].filter(Boolean).join(" ") || phone_number,
  },
  call: {
    table: getTableName(callEntity.table),
    columns: ["contact_id", "direction", "from_number", "to_number"],
    nameOf: ({ direction, from_number, to_number }) =>
      direction === "outbound" ? to_number : from_number,
    owner: { type: "contact", column: "contact_id" },
  },
  location: byColumns(locationEntity, "name"),
  team_member: byColumns(teamMemberEntity, "name"),
  escalation_rule: byColumns(escalationRuleEntity, "name"),
  intent: byColumns(intentEntity, "name"),
  fact: byColumns(factDefinition.entity, "key"),
  faq: byColumns(faqDefinition.entity, "question"),
  policy: byColumns(policyDefinition.entity, "policy_key"),
  webhook_subscription: byColumns(webhookSubscriptionEntity, "description", "url"),
};

/**
 * Returns a function that names the entity of an audit row: by its current fields, or by those of the row where it is
 * deleted; null where neither has a name.
 */
export function createEntityNames({ $client: sqlite }: Db) {
  const statements = new Map(
    ENTITY_TYPES.map((type) => {
      const { table, columns } = NAMINGS[type];
      const text = `select ${columns.join(", ")} from ${table} where id = ?`;
      return [type, sqlite.prepare<Fields, [string]>(text)];
    }),
  );

  function nameFrom(type: EntityType, fields: Fields): string | null {
    const { nameOf, owner } = NAMINGS[type];
    const ownerId = owner && fields[owner.column];
    if (typeof ownerId === "string") {
      const found = statements.get(owner!.type)!.get(ownerId);
      if (found) return nameFrom(owner!.type, found);
    }
    const name = nameOf(fields);
    return typeof name === "string" && name !== "" ? name : null;
  }

  return ({ entity_type, entity_id, changes }: AuditRow): string | null => {
    const type = entity_type as EntityType;
    const current = statements.get(type);
    return current ? nameFrom(type, current.get(entity_id) ?? fieldsOf(changes)) : null;
  };
}

/** The fields of a recorded change: their values after it, or before it where the entity was deleted. */
function fieldsOf(changes: string): Fields {
  try {
    const pairs = Object.entries(JSON.parse(changes) as Record<string, [unknown, unknown]>);
    return Object.fromEntries(pairs.map(([field, [before, after]]) => [field, after ?? before]));
  } catch {
    // A row that was altered into invalid JSON is shown too.
    return {};
  }
}
