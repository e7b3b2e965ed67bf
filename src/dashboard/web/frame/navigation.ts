/** The pages of the sidebar in their groups, and the forms that the search offers. */
import {
  IconAddressBook,
  IconBook,
  IconBuildingStore,
  IconChartBar,
  IconHistory,
  IconInbox,
  IconKey,
  IconMapPin,
  IconPhone,
  IconRoute,
  IconTargetArrow,
  IconUser,
  IconUsers,
  IconWebhook,
  type TablerIcon,
} from "@tabler/icons-react";
import { NEW_ID, type PageName, pagePath } from "../../page-paths.ts";

export interface NavigationPage {
  page: PageName;
  title: string;
  icon: TablerIcon;
}

export interface NavigationGroup {
  title: string | null;
  pages: readonly NavigationPage[];
}

export const NAVIGATION: readonly NavigationGroup[] = [
  {
    title: null,
    pages: [
      { page: "overview", title: "Overview", icon: IconChartBar },
      { page: "calls", title: "Calls", icon: IconPhone },
      { page: "attention", title: "To do", icon: IconInbox },
      { page: "contacts", title: "Contacts", icon: IconAddressBook },
      { page: "knowledge", title: "Knowledge", icon: IconBook },
    ],
  },
  {
    title: "Routing",
    pages: [
      { page: "team", title: "Team", icon: IconUsers },
      { page: "rules", title: "Escalation rules", icon: IconRoute },
      { page: "intents", title: "Intents", icon: IconTargetArrow },
      { page: "locations", title: "Locations", icon: IconMapPin },
    ],
  },
  {
    title: "Developers",
    pages: [{ page: "webhooks", title: "Webhooks", icon: IconWebhook }],
  },
  {
    title: "Settings",
    pages: [
      { page: "keys", title: "API keys", icon: IconKey },
      { page: "audit", title: "Audit log", icon: IconHistory },
      { page: "business", title: "Business", icon: IconBuildingStore },
      { page: "account", title: "Account", icon: IconUser },
    ],
  },
];

interface NewForm {
  path: string;
  label: string;
  /** The server refuses what the form of a member sends. */
  ownersOnly?: true;
}

/** Forms for new objects, by the path of the form. */
export const NEW_FORMS: readonly NewForm[] = [
  { path: pagePath("newKey"), label: "Create API key", ownersOnly: true },
  { path: pagePath("contact", { id: NEW_ID }), label: "Add contact" },
  { path: pagePath("location", { id: NEW_ID }), label: "Add location" },
  { path: pagePath("teamMember", { id: NEW_ID }), label: "Add team member" },
  { path: pagePath("rule", { id: NEW_ID }), label: "Add escalation rule" },
  { path: pagePath("intent", { id: NEW_ID }), label: "Add intent" },
  { path: pagePath("newWebhook"), label: "Add webhook", ownersOnly: true },
];
