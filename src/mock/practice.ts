/**
 * The business of a mock and a demo: Bright Dental, a practice with two locations, set up as an owner would do it. Entries
 * refer to each other by their names in this file; the ids are made in `createPractice`.
 */

import type { WeeklyHours } from "../contract/fields.ts";
import type { Escalation } from "../resources/calls.ts";
import { contactDefinition } from "../resources/contacts.ts";
import { bindResource, type Defined, type ResourceTable } from "../resources/define.ts";
import { escalationRuleDefinition } from "../resources/escalation-rules.ts";
import { intentDefinition } from "../resources/intents.ts";
import { factDefinition, faqDefinition, policyDefinition } from "../resources/knowledge.ts";
import { locationDefinition } from "../resources/locations.ts";
import { createOrganization } from "../resources/organization.ts";
import { teamMemberDefinition } from "../resources/team-members.ts";
import type { Transaction } from "../store/transaction.ts";

const NAME = "Bright Dental";
const TIMEZONE = "America/Chicago";

const day = (open: string, close: string) => [{ open, close }];
const DOWNTOWN_HOURS: WeeklyHours = {
  monday: day("08:00", "18:00"),
  tuesday: day("08:00", "18:00"),
  wednesday: day("08:00", "18:00"),
  thursday: day("08:00", "18:00"),
  friday: day("08:00", "16:00"),
  saturday: day("09:00", "13:00"),
  sunday: [],
};
const LAKESIDE_HOURS: WeeklyHours = {
  monday: day("09:00", "17:00"),
  tuesday: day("09:00", "17:00"),
  wednesday: [],
  thursday: day("09:00", "19:00"),
  friday: day("09:00", "15:00"),
  saturday: [],
  sunday: [],
};

export const LOCATIONS = {
  downtown: {
    name: "Downtown",
    address: "212 Market Street",
    city: "Madison",
    state: "WI",
    zip: "53703",
    country: "US",
    timezone: TIMEZONE,
    phone_number: "+15550100100",
    hours: DOWNTOWN_HOURS,
    is_default: true,
  },
  lakeside: {
    name: "Lakeside",
    address: "48 Harbor View Road",
    city: "Madison",
    state: "WI",
    zip: "53713",
    country: "US",
    timezone: TIMEZONE,
    phone_number: "+15550100200",
    hours: LAKESIDE_HOURS,
    is_default: false,
  },
} as const;
export type LocationName = keyof typeof LOCATIONS;

interface Person {
  name: string;
  title: string;
  department: string;
  phone_number: string;
  email: string;
  tags?: string[];
  at?: LocationName;
  after_hours_transfer?: boolean;
}

const person = (
  name: string,
  title: string,
  department: string,
  last: number,
  more = {},
): Person => ({
  name,
  title,
  department,
  phone_number: `+155501001${last}`,
  email: `${name.split(" ").at(-1)!.toLowerCase()}@brightdental.example`,
  ...more,
});

export const TEAM = {
  bright: person("Dr. Olivia Bright", "Dentist, owner", "Dentists", 10),
  okafor: person("Dr. Samuel Okafor", "Dentist, on call", "Dentists", 11, {
    after_hours_transfer: true,
  }),
  lindqvist: person("Dr. Maja Lindqvist", "Orthodontist", "Dentists", 12, {
    at: "lakeside",
    tags: ["swedish"],
  }),
  reyes: person("Camila Reyes", "Dental hygienist", "Hygiene", 13, { tags: ["spanish"] }),
  novak: person("Petra Novak", "Dental hygienist", "Hygiene", 14, { at: "lakeside" }),
  whitfield: person("Dana Whitfield", "Office manager", "Front desk", 15),
  chen: person("Lucas Chen", "Receptionist", "Front desk", 16, { tags: ["mandarin"] }),
  hart: person("Imogen Hart", "Receptionist", "Front desk", 17, { at: "lakeside" }),
  abara: person("Joseph Abara", "Billing and insurance", "Billing", 18),
} as const;
export type TeamName = keyof typeof TEAM;

export const INTENTS = {
  book: [
    "Book an appointment",
    "Offer the next three free times at the caller's location, and confirm one.",
  ],
  reschedule: ["Reschedule", "Find the appointment by name, offer three other times, and move it."],
  cancel: [
    "Cancel an appointment",
    "Cancel, say the 24-hour policy once, and offer to book again.",
  ],
  emergency: [
    "Dental emergency",
    "Ask about pain, swelling, bleeding and a knocked-out tooth; put through to the dentist on call.",
  ],
  prices: [
    "Prices and insurance",
    "Give prices from the facts; for cover of a plan offer a callback from Billing.",
  ],
  hours: ["Hours and directions", "Give the hours and the way of the location that was called."],
  billing: ["Billing question", "Never discuss amounts; take a callback for Joseph in Billing."],
  aftercare: [
    "After-care question",
    "Answer from the policies; anything that sounds like an infection is an emergency.",
  ],
  newPatient: [
    "New patient",
    "Take name, birthday, insurance and how they heard of the practice; book a first visit.",
  ],
  order: [
    "Order a product",
    "Take an order for a whitening kit, night guard or brush heads, for pick-up.",
  ],
  message: ["Message for somebody", "Take the message with a number to call back."],
  complaint: ["Complaint", "Listen, apologize, and put through to the office manager."],
} as const satisfies Record<string, readonly [string, string]>;
export type IntentName = keyof typeof INTENTS;

interface RuleDraft {
  name: string;
  condition: { type: string; about?: IntentName; [field: string]: unknown };
  action: Escalation["action"];
  to?: TeamName | { department: string };
  agent_say?: string;
}

export const RULES = {
  emergency: {
    name: "Dental emergencies",
    condition: {
      type: "keywords",
      keywords: ["bleeding", "swollen", "knocked out", "can't breathe", "broken tooth"],
    },
    action: "transfer",
    to: "okafor",
    agent_say:
      "That needs a dentist right away. I am putting you through to Doctor Okafor, please stay on the line.",
  },
  asked: {
    name: "Asks for a person",
    condition: { type: "caller_request" },
    action: "transfer",
    to: { department: "Front desk" },
    agent_say: "Of course. One moment, I am connecting you with our front desk.",
  },
  complaint: {
    name: "Complaints",
    condition: { type: "topic_match", about: "complaint" },
    action: "transfer",
    to: "whitfield",
    agent_say:
      "I am sorry to hear that. Our office manager would like to hear it from you; I am connecting you.",
  },
  upset: {
    name: "Upset caller",
    condition: { type: "sentiment_threshold", below: 3 },
    action: "transfer",
    to: "whitfield",
  },
  billing: {
    name: "Billing questions",
    condition: { type: "topic_match", about: "billing" },
    action: "callback",
    agent_say: "Joseph in Billing has your account in front of him. He will call you back.",
  },
  stuck: {
    name: "Not understood three times",
    condition: { type: "repeated_failure", attempts: 3 },
    action: "callback",
  },
  long: {
    name: "Longer than ten minutes",
    condition: { type: "duration", minutes: 10 },
    action: "ticket",
  },
} as const satisfies Record<string, RuleDraft>;
export type RuleName = keyof typeof RULES;

/** Used by the knowledge and by the conversations, so that both say the same. */
export const PRICES = {
  checkup: 95,
  cleaning: 120,
  whitening: 240,
  filling: 185,
  emergency: 150,
} as const;
export const PRODUCTS = {
  whitening: { name: "Take-home whitening kit", price_cents: 24_000 },
  guard: { name: "Night guard", price_cents: 31_500 },
  brushes: { name: "Electric brush heads, pack of four", price_cents: 2_900 },
} as const;
export const PARKING = {
  downtown: "Park in the Market Street garage next door; we stamp your ticket for two hours.",
  lakeside: "There is free parking right in front of the building.",
} as const;

interface Entry {
  about: string;
  text: string;
  at?: LocationName;
}

const FACTS: Entry[] = [
  { about: "parking", text: PARKING.downtown },
  { about: "parking", text: PARKING.lakeside, at: "lakeside" },
  {
    about: "address",
    text: "212 Market Street, Madison, at the corner of Pinckney Street, second floor with elevator.",
  },
  {
    about: "address",
    text: "48 Harbor View Road, Madison, ground floor, next to the boathouse.",
    at: "lakeside",
  },
  { about: "price of a check-up", text: `$${PRICES.checkup}, X-rays included once a year.` },
  { about: "price of a cleaning", text: `$${PRICES.cleaning}.` },
  { about: "price of a filling", text: `From $${PRICES.filling}, depending on its size.` },
  {
    about: "price of whitening",
    text: `$${PRICES.whitening} for the take-home kit; in the chair on request.`,
  },
  {
    about: "price of an emergency visit",
    text: `$${PRICES.emergency}, credited toward the treatment.`,
  },
  {
    about: "insurance plans",
    text: "Delta Dental, Cigna, MetLife, Aetna and Guardian. Others on request.",
  },
  {
    about: "payment",
    text: "Cards, cash and health savings accounts. Plans over six months without interest from $500.",
  },
  { about: "languages", text: "English, Spanish and Mandarin." },
  { about: "wheelchair access", text: "Both locations, with an accessible restroom." },
  { about: "sedation", text: "Nitrous oxide at Downtown. No general anesthesia." },
  {
    about: "sedation",
    text: "Not offered at Lakeside; Downtown offers nitrous oxide.",
    at: "lakeside",
  },
];

const FAQS: Entry[] = [
  {
    about: "Do you see children?",
    text: "Yes, from the first tooth on. Doctor Bright sees most of our youngest patients.",
  },
  {
    about: "How often should I come?",
    text: "Every six months for a check-up and a cleaning, more often where we have agreed on it.",
  },
  {
    about: "Do you take walk-ins?",
    text: "Emergencies at any time we are open. For everything else please book, so that nobody waits.",
  },
  {
    about: "Does whitening hurt?",
    text: "Some people feel cold more for a day or two. We stop when it is unpleasant.",
  },
  {
    about: "How long does a first visit take?",
    text: "About an hour, with X-rays and time for your questions.",
  },
  {
    about: "Can I have my X-rays sent to another dentist?",
    text: "Yes, within two working days, at no charge.",
  },
  {
    about: "Do you do braces?",
    text: "Doctor Lindqvist does clear aligners and braces at Lakeside.",
  },
  {
    about: "Do you do braces?",
    text: "Yes. Doctor Lindqvist is here on Mondays, Tuesdays and Thursdays.",
    at: "lakeside",
  },
  {
    about: "What should I bring to my first visit?",
    text: "Your insurance card, a list of medicines and, if you have them, recent X-rays.",
  },
  {
    about: "Can I eat before my appointment?",
    text: "Yes, unless you have sedation: then nothing for two hours before.",
  },
  {
    about: "Do you send reminders?",
    text: "By text two days before. We call where we have no mobile number.",
  },
  {
    about: "Are you taking new patients?",
    text: "Yes, at both locations, usually within the week.",
  },
];

const POLICIES: Entry[] = [
  {
    about: "cancellation",
    text: "Free up to 24 hours before. Later, or without a word, it is $40; the first time is on us.",
  },
  {
    about: "cancellation",
    text: "Free up to 48 hours before, for Lakeside is open four days a week.",
    at: "lakeside",
  },
  {
    about: "running late",
    text: "Up to 15 minutes we wait. After that we may have to find another time.",
  },
  {
    about: "after an extraction",
    text: "Bite on the gauze for 30 minutes. No rinsing, smoking or straws for 24 hours; soft food; cool the cheek. Call when bleeding does not stop after two hours.",
  },
  {
    about: "after a filling",
    text: "Do not chew until the numbness is gone. Feeling cold or pressure for some days is normal.",
  },
  {
    about: "minors",
    text: "A parent or guardian comes along to the first visit and signs the consent.",
  },
  {
    about: "privacy",
    text: "Nothing about a patient is told to anybody else, not even that they are one. Ask for name and birthday first.",
  },
  {
    about: "medical advice",
    text: "Only what stands in these policies. Everything else is for a dentist.",
  },
];

const CONTACTS = [
  ["Northside Dental Lab", null, "+15550190001", { kind: "supplier" }],
  ["Madison Sterile Supply", null, "+15550190002", { kind: "supplier" }],
  ["Grace", "Albright", "+15550190003", { patient_id: "P-1001", plan: "Delta Dental" }],
  ["Hugo", "Marchetti", "+15550190004", { patient_id: "P-1002", plan: "Cigna" }],
  ["Amara", "Diallo", "+15550190005", { patient_id: "P-1003" }],
  ["Wei", "Zhang", "+15550190006", { patient_id: "P-1004", language: "Mandarin" }],
  ["Noah", "Petersen", "+15550190007", { patient_id: "P-1005", plan: "MetLife" }],
  ["Leila", "Haddad", "+15550190008", { patient_id: "P-1006" }],
] as const;

/** The parts of the practice that calls refer to. */
export interface Cast {
  locations: Record<
    LocationName,
    { id: string; name: string; phone_number: string; hours: WeeklyHours }
  >;
  team: Record<TeamName, { id: string; name: string }>;
  rules: Record<RuleName, { id: string; name: string; action: RuleDraft["action"] }>;
}

/** Creates the practice through the resources' own functions. `organization`: replaces the name of the business. */
export function createPractice(tx: Transaction, organization: string | null): Cast {
  createOrganization(tx, organization ?? NAME, "US");
  const creatorOf = <T extends ResourceTable>(definition: Defined<T>) => {
    const resource = bindResource(definition, tx.db);
    return (body: object) => resource.create(tx, definition.createBody.parse(body)).id;
  };
  const createLocation = creatorOf(locationDefinition);
  const locations = mapped(LOCATIONS, (body) => ({ id: createLocation(body), ...body }));
  const locationOf = (at?: LocationName) => ({ location_id: at ? locations[at].id : null });

  const createMember = creatorOf(teamMemberDefinition);
  const team = mapped(TEAM as Record<TeamName, Person>, ({ at, ...body }) => ({
    id: createMember({ ...body, ...locationOf(at) }),
    name: body.name,
  }));

  const createIntent = creatorOf(intentDefinition);
  const intents = mapped(INTENTS, ([name, description]) => createIntent({ name, description }));

  const createRule = creatorOf(escalationRuleDefinition);
  const rules = mapped(RULES as Record<RuleName, RuleDraft>, ({ to, condition, ...body }) => {
    const { about, ...rest } = condition;
    const id = createRule({
      ...body,
      condition: about ? { ...rest, intent_id: intents[about] } : rest,
      ...(to && {
        destination:
          typeof to === "string"
            ? { type: "team_member", team_member_id: team[to].id }
            : { type: "department", ...to },
      }),
    });
    return { id, name: body.name, action: body.action };
  });

  const createEntries = (
    entries: Entry[],
    create: (body: object) => string,
    [about, text]: [string, string],
  ) => {
    for (const entry of entries)
      create({ [about]: entry.about, [text]: entry.text, ...locationOf(entry.at) });
  };
  createEntries(FACTS, creatorOf(factDefinition), ["key", "value"]);
  createEntries(FAQS, creatorOf(faqDefinition), ["question", "answer"]);
  createEntries(POLICIES, creatorOf(policyDefinition), ["policy_key", "content"]);

  const createContact = creatorOf(contactDefinition);
  for (const [first_name, last_name, phone_number, custom] of CONTACTS)
    createContact({ first_name, last_name, phone_number, custom });
  return { locations, team, rules };
}

const mapped = <K extends string, V, W>(record: Readonly<Record<K, V>>, change: (value: V) => W) =>
  Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, change(value as V)]),
  ) as Record<K, W>;
