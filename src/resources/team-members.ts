/** Team members: the people that calls are transferred to. */
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import {
  email,
  flag,
  label,
  phoneNumber,
  tags,
  type WeeklyHours,
  weeklyHours,
} from "../contract/fields.ts";
import { rowColumns } from "../store/columns.ts";
import type { Entity } from "../store/entity.ts";
import { define, optional } from "./define.ts";
import { contains, equals, isTrue, substring } from "./filters.ts";
import { locationEntity, locationFilter, locationId, locations } from "./locations.ts";

export const teamMembers = sqliteTable(
  "team_members",
  {
    ...rowColumns(),
    name: text().notNull(),
    title: text(),
    department: text(),
    tags: text({ mode: "json" }).$type<string[]>().notNull(),
    phone_number: text(),
    email: text(),
    location_id: text().references(() => locations.id),
    transfer_hours: text({ mode: "json" }).$type<WeeklyHours>(),
    after_hours_transfer: integer({ mode: "boolean" }).notNull(),
    active: integer({ mode: "boolean" }).notNull(),
  },
  (table) => [
    index("team_members_created").on(table.created_at, table.id),
    index("team_members_location").on(table.location_id),
  ],
);

export const teamMemberEntity = {
  type: "team_member",
  table: teamMembers,
  search: {
    index: "team_members_search",
    fields: ["name", "title", "department", "phone_number", "email"],
  },
} satisfies Entity;

const department = (doc: string) => label({ doc, example: "Billing" });

export const teamMemberDefinition = define<typeof teamMembers>({
  plural: "team members",
  schema: "TeamMember",
  path: "/v1/team-members",
  tag: "Team members",
  entity: teamMemberEntity,
  operations: ["list", "get", "create", "update"],
  help: {
    phone_number: "Calls are transferred to this number.",
    tags: "Short labels, such as spoken languages.",
    location_id: "Leave empty for all locations.",
    active: "Whether calls can be transferred to this person.",
  },
  fields: {
    name: label({ doc: "Full name.", example: "Dana Whitfield" }),
    title: optional(label({ doc: "Job title.", example: "Office manager" })),
    department: optional(
      department("Department. Escalation rules can transfer calls to a department."),
    ),
    tags: tags({ doc: "Short labels, such as languages spoken.", example: ["spanish"] }).default(
      [],
    ),
    phone_number: optional(
      phoneNumber({ doc: "Phone number that calls are transferred to.", example: "+15550100177" }),
    ),
    email: optional(email({ doc: "Email address.", example: "dana@example.com" })),
    location_id: locationId("Location of the team member; null for all locations."),
    transfer_hours: optional(
      weeklyHours,
      "When calls can be transferred; null for the opening hours of the location.",
    ),
    after_hours_transfer: flag({
      doc: "Whether calls can also be transferred outside these hours.",
      example: false,
    }).default(false),
    active: flag({
      doc: "Whether calls are transferred to this team member.",
      example: true,
    }).default(true),
  },
  references: { location_id: locationEntity },
  filters: {
    location_id: locationFilter(teamMembers.location_id),
    department: equals(
      teamMembers.department,
      department("Return only team members of this department."),
    ),
    tag: contains(
      teamMembers.tags,
      label({ doc: "Return only team members with this tag.", example: "spanish" }),
    ),
    active: isTrue(
      teamMembers.active,
      "`true`: return only active team members. `false`: return only inactive team members.",
    ),
    q: substring(
      teamMemberEntity.search,
      teamMembers.seq,
      "Search in name, title, department, phone number and email address.",
    ),
  },
});
