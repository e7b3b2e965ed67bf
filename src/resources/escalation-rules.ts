/** Escalation rules: when the receptionist hands over a call. The first active rule that matches applies. */
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
import { intentEntity } from "./intents.ts";
import { locationEntity, locationFilter, locationId, locations } from "./locations.ts";
import { teamMemberEntity } from "./team-members.ts";

export const ACTIONS = ["transfer", "callback", "voicemail", "ticket"] as const;

/** The error of a union of objects that differ in `type`. */
const mustBeOneOf = (options: readonly { shape: { type: { value: string } } }[]): string =>
  `must be one of ${options.map(({ shape }) => shape.type.value).join(", ")}`;

const CONDITIONS = [
  z.object({ type: z.literal("caller_request") }),
  z.object({
    type: z.literal("sentiment_threshold"),
    below: decimal(
      {
        doc: "Matches below this sentiment, from 1 (very negative) to 10 (very positive).",
        example: 3,
      },
      1,
      10,
    ),
  }),
  z.object({
    type: z.literal("keywords"),
    keywords: tags({
      doc: "Keywords. The rule matches if the caller says any of them.",
      example: ["lawyer"],
    }).min(1),
  }),
  z.object({
    type: z.literal("duration"),
    minutes: decimal({ doc: "Minutes since the start of the call.", example: 10 }, 0, 1_440),
  }),
  z.object({
    type: z.literal("repeated_failure"),
    attempts: wholeNumber(
      { doc: "Number of failed attempts of the receptionist.", example: 3 },
      1,
      100,
    ),
  }),
  z.object({
    type: z.literal("topic_match"),
    intent_id: reference({
      doc: "The intent of the call.",
      example: EXAMPLE_IDS.intent,
    }),
  }),
] as const;

const condition = z
  .discriminatedUnion("type", CONDITIONS, { error: mustBeOneOf(CONDITIONS) })
  .meta({
    id: "EscalationCondition",
    description: "When the rule matches.",
    examples: [{ type: "keywords", keywords: ["emergency", "bleeding"] }],
  });

const DESTINATIONS = [
  z.object({
    type: z.literal("team_member"),
    team_member_id: reference({
      doc: "The team member who takes the call.",
      example: EXAMPLE_IDS.teamMember,
    }),
  }),
  z.object({
    type: z.literal("department"),
    department: label({ doc: "The department that takes the call.", example: "Billing" }),
  }),
] as const;

const destination = z
  .discriminatedUnion("type", DESTINATIONS, { error: mustBeOneOf(DESTINATIONS) })
  .meta({
    id: "EscalationDestination",
    description: "Where the call goes. Required for the action `transfer`.",
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

/** Moves the rules at the positions `from` to `to` (inclusive) by one, so that positions have no gaps. */
function shiftRules(tx: Transaction, from: number, to: number, by: 1 | -1): void {
  const between = and(gte(escalationRules.position, from), lte(escalationRules.position, to));
  for (const rule of tx.db.select().from(escalationRules).where(between).all()) {
    tx.follow(escalationRuleEntity, rule, { position: rule.position + by });
  }
}

export const escalationRuleDefinition = define<typeof escalationRules>({
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
    name: label({ doc: "Name of the rule.", example: "Emergencies" }),
    condition,
    action: choice(ACTIONS, { doc: "What happens when the rule matches.", example: "transfer" }),
    destination: optional(destination),
    agent_say: optional(
      prose(
        {
          doc: "What the receptionist says before the action.",
          example: "I am putting you through.",
        },
        1_000,
      ),
    ),
    position: wholeNumber(
      {
        doc: "Position among all rules, from 0. The rules after it move down by one. If it is left out or past the end, the rule becomes the last.",
        example: 0,
      },
      0,
      1_000_000_000,
    ).default(Number.MAX_SAFE_INTEGER),
    active: flag({
      doc: "Whether the rule is evaluated. An inactive rule never matches.",
      example: true,
    }).default(true),
    location_id: locationId("Location whose calls the rule applies to; null for all locations."),
  },
  references: {
    location_id: locationEntity,
    "condition.intent_id": intentEntity,
    "destination.team_member_id": teamMemberEntity,
  },
  filters: {
    location_id: locationFilter(escalationRules.location_id),
    active: isTrue(
      escalationRules.active,
      "`true`: return only active rules. `false`: return only inactive rules.",
    ),
  },
  order: {
    by: sql`${escalationRules.position}`,
    of: (row) => row.position,
    ascending: true,
    // The current position of the cursor's rule: a rule inserted before it would repeat it otherwise.
    after: sql`(select position from escalation_rules where id = ${sql.placeholder("cursor_id")})`,
  },
  rules: {
    create(tx, row) {
      requireDestination(row);
      const end = countRules(tx);
      const position = Math.min(row.position, end);
      shiftRules(tx, position, end, 1);
      return { ...row, position };
    },
    update(tx, previous, changes) {
      requireDestination({ ...previous, ...changes });
      if (changes.position === undefined) return changes;
      const position = Math.min(changes.position, countRules(tx) - 1);
      if (position > previous.position) shiftRules(tx, previous.position + 1, position, -1);
      if (position < previous.position) shiftRules(tx, position, previous.position - 1, 1);
      return { ...changes, position };
    },
  },
});

const countRules = (tx: Transaction): number =>
  tx.db.select({ n: sql<number>`count(*)` }).from(escalationRules).get()!.n;
