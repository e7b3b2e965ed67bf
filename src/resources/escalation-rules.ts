/** Escalation rules: when a call leaves the receptionist's hands. The first active rule that matches wins. */
import { and, gte, lte, sql } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { z } from "zod";
import { EXAMPLE_IDS } from "../contract/example.ts";
import {
  choice,
  decimal,
  flag,
  label,
  prose,
  reference,
  tags,
  wholeNumber,
} from "../contract/fields.ts";
import { invalid } from "../http/errors.ts";
import { rowColumns } from "../store/columns.ts";
import type { Entity } from "../store/entity.ts";
import type { Transaction } from "../store/transaction.ts";
import { define, optional } from "./define.ts";
import { isTrue } from "./filters.ts";
import { intentReference } from "./intents.ts";
import { locationFilter, locationId, locationReference, locations } from "./locations.ts";
import { teamMemberReference } from "./team-members.ts";

export const ACTIONS = ["transfer", "callback", "voicemail", "ticket"] as const;

const condition = z
  .discriminatedUnion(
    "type",
    [
      z.object({ type: z.literal("caller_request") }),
      z.object({
        type: z.literal("sentiment_threshold"),
        below: decimal({ doc: "From 1, furious, to 10, delighted.", example: 3 }, 1, 10),
      }),
      z.object({
        type: z.literal("keywords"),
        keywords: tags({ doc: "Words, any of which is enough.", example: ["lawyer"] }).min(1),
      }),
      z.object({
        type: z.literal("duration"),
        minutes: decimal({ doc: "Minutes the call has taken.", example: 10 }, 0, 1_440),
      }),
      z.object({
        type: z.literal("repeated_failure"),
        attempts: wholeNumber({ doc: "How often the receptionist failed.", example: 3 }, 1, 100),
      }),
      z.object({
        type: z.literal("topic_match"),
        intent_id: reference({
          doc: "The intent the call is sorted under.",
          example: EXAMPLE_IDS.intent,
        }),
      }),
    ],
    {
      error:
        "must be one of caller_request, sentiment_threshold, keywords, duration, repeated_failure, topic_match",
    },
  )
  .meta({
    description: "When the rule matches.",
    examples: [{ type: "keywords", keywords: ["emergency", "bleeding"] }],
  });

const destination = z
  .discriminatedUnion(
    "type",
    [
      z.object({
        type: z.literal("team_member"),
        team_member_id: reference({ doc: "Who takes the call.", example: EXAMPLE_IDS.teamMember }),
      }),
      z.object({
        type: z.literal("department"),
        department: label({ doc: "Which department takes the call.", example: "Billing" }),
      }),
    ],
    { error: "must be one of team_member, department" },
  )
  .meta({
    description: "Where the call goes; needed for the action `transfer`.",
    examples: [{ type: "department", department: "Billing" }],
  });

export const escalationRules = sqliteTable(
  "escalation_rules",
  {
    ...rowColumns(),
    name: text().notNull(),
    condition: text({ mode: "json" }).$type<z.infer<typeof condition>>().notNull(),
    action: text({ enum: ACTIONS }).notNull(),
    destination: text({ mode: "json" }).$type<z.infer<typeof destination>>(),
    agent_say: text(),
    position: integer().notNull(),
    active: integer({ mode: "boolean" }).notNull(),
    location_id: text().references(() => locations.id),
  },
  (table) => [index("escalation_rules_position").on(table.position, table.id)],
);
type Rule = typeof escalationRules.$inferSelect;

export const escalationRuleEntity = {
  type: "escalation_rule",
  table: escalationRules,
} satisfies Entity;

function requireDestination(rule: Pick<Rule, "action" | "destination">): void {
  if (rule.action === "transfer" && rule.destination === null) {
    throw invalid({ destination: "is required for the action transfer" });
  }
}

/** Moves the rules from `from` to `to`, both included, by one place, so that positions stay dense. */
function shift(tx: Transaction, from: number, to: number, by: 1 | -1): void {
  const between = and(gte(escalationRules.position, from), lte(escalationRules.position, to));
  for (const rule of tx.db.select().from(escalationRules).where(between).all()) {
    tx.follow(escalationRuleEntity, rule, { position: rule.position + by });
  }
}

export const escalationRuleDefinition = define<typeof escalationRules>({
  noun: "escalation rule",
  plural: "escalation rules",
  schema: "EscalationRule",
  path: "/v1/escalation-rules",
  tag: "Escalation rules",
  entity: escalationRuleEntity,
  operations: ["list", "get", "create", "update"],
  help: {
    location_id: "Leave empty for all locations.",
    active: "Inactive rules are skipped.",
  },
  fields: {
    name: label({ doc: "What the rule is called.", example: "Emergencies" }),
    condition,
    action: choice(ACTIONS, { doc: "What happens when it matches.", example: "transfer" }),
    destination: optional(destination),
    agent_say: optional(
      prose(
        { doc: "What the receptionist says first.", example: "I am putting you through." },
        1_000,
      ),
    ),
    position: wholeNumber(
      {
        doc: "Place in the order of all rules, from 0. Inserting shifts the rules behind; left out or past the end means last.",
        example: 0,
      },
      0,
      1_000_000_000,
    ).default(Number.MAX_SAFE_INTEGER),
    active: flag({ doc: "An inactive rule is passed over.", example: true }).default(true),
    location_id: locationId("The location whose calls it is for; null for all."),
  },
  references: {
    location_id: locationReference,
    "condition.intent_id": intentReference,
    "destination.team_member_id": teamMemberReference,
  },
  filters: {
    location_id: locationFilter(escalationRules.location_id),
    active: isTrue(escalationRules.active, "Only active ones, or only inactive ones."),
  },
  order: {
    by: sql`${escalationRules.position}`,
    of: (row) => row.position,
    ascending: true,
    // Where the cursor's rule stands now, not where it stood: rules inserted before it would double it otherwise.
    after: sql`(select position from escalation_rules where id = ${sql.placeholder("cursor_id")})`,
  },
  rules: {
    create(tx, row) {
      requireDestination(row);
      const end = total(tx);
      const position = Math.min(row.position, end);
      shift(tx, position, end, 1);
      return { ...row, position };
    },
    update(tx, before, changes) {
      requireDestination({ ...before, ...changes });
      if (changes.position === undefined) return changes;
      const position = Math.min(changes.position, total(tx) - 1);
      if (position > before.position) shift(tx, before.position + 1, position, -1);
      if (position < before.position) shift(tx, position, before.position - 1, 1);
      return { ...changes, position };
    },
  },
});

const total = (tx: Transaction): number =>
  tx.db.select({ n: sql<number>`count(*)` }).from(escalationRules).get()!.n;
