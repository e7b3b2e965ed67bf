/** The three kinds of knowledge: where each is found, and which field is its head and which its text. */
import type { KnowledgeEntry } from "../../answers.ts";
import { facts, faqs, policies } from "../api/resources.ts";

export const KINDS = {
  fact: { resource: facts, name: "Fact", plural: "Facts", head: "key", text: "value" },
  faq: { resource: faqs, name: "FAQ", plural: "FAQs", head: "question", text: "answer" },
  policy: {
    resource: policies,
    name: "Policy",
    plural: "Policies",
    head: "policy_key",
    text: "content",
  },
} as const;
export type Kind = keyof typeof KINDS;

export const isKind = (text: string | undefined): text is Kind =>
  text !== undefined && text in KINDS;

const field = (entry: object, name: string) => (entry as Record<string, string>)[name] ?? "";
/** What an entry is about. */
export const headOf = (entry: KnowledgeEntry) => field(entry, KINDS[entry.type].head);
/** What it says. */
export const textOf = (entry: KnowledgeEntry) => field(entry, KINDS[entry.type].text);
