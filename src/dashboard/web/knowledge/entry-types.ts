/** The three types of knowledge entries: the resource of each, and the fields that hold its title and its content. */
import type { KnowledgeEntry } from "../../answers.ts";
import { facts, faqs, policies } from "../api/resources.ts";

export const ENTRY_TYPES = {
  fact: {
    resource: facts,
    label: "Fact",
    plural: "Facts",
    title: { field: "key", label: "Key" },
    content: { field: "value", label: "Fact" },
  },
  faq: {
    resource: faqs,
    label: "FAQ",
    plural: "FAQs",
    title: { field: "question", label: "Question" },
    content: { field: "answer", label: "Answer" },
  },
  policy: {
    resource: policies,
    label: "Policy",
    plural: "Policies",
    title: { field: "policy_key", label: "Key" },
    content: { field: "content", label: "Policy" },
  },
} as const;
export type EntryType = keyof typeof ENTRY_TYPES;

export const isEntryType = (text: string | undefined): text is EntryType =>
  text !== undefined && text in ENTRY_TYPES;

const fieldOf = (entry: object, name: string) => (entry as Record<string, string>)[name] ?? "";
export const titleOf = (entry: KnowledgeEntry) =>
  fieldOf(entry, ENTRY_TYPES[entry.type].title.field);
export const contentOf = (entry: KnowledgeEntry) =>
  fieldOf(entry, ENTRY_TYPES[entry.type].content.field);
