/** Every address of the dashboard and the page it shows. What a list is filtered by stands behind the `?`, as plain text. */
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  parseSearchWith,
  redirect,
  stringifySearchWith,
} from "@tanstack/react-router";
import { Failure } from "./api/client.ts";
import { sessionQuery } from "./api/queries.ts";
import { NotFound, PageFailure } from "./frame/NotFound.tsx";
import { Shell } from "./frame/Shell.tsx";

const root = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFound,
});

/** Whether the frame has been painted. */
let painted = false;

/**
 * A page in a file of its own. The frame is painted while the first one is on its way; a later one is waited for, so that
 * the page before stays until then.
 */
const page: typeof lazyRouteComponent = (load, name) => {
  const Page = lazyRouteComponent(load, name);
  const { preload } = Page;
  return Object.assign(Page, {
    async preload() {
      const loading = preload?.();
      if (painted) await loading;
    },
  });
};

/** The texts of these names, and nothing else, are what a page takes from its address. */
const texts =
  <const Names extends readonly string[]>(...names: Names) =>
  (search: Record<string, unknown>): { [name in Names[number]]?: string } =>
    Object.fromEntries(
      names
        .filter((name) => typeof search[name] === "string" && search[name] !== "")
        .map((name) => [name, search[name]]),
    ) as { [name in Names[number]]?: string };

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: texts("next"),
  component: page(() => import("./entry/SignIn.tsx"), "SignIn"),
});
const signInLink = createRoute({
  getParentRoute: () => root,
  path: "/sign-in/link",
  component: page(() => import("./entry/SignInLink.tsx"), "SignInLink"),
});
const mock = createRoute({
  getParentRoute: () => root,
  path: "/mock",
  validateSearch: texts("request"),
  component: page(() => import("./mock/MockPage.tsx"), "MockPage"),
});
const welcome = createRoute({
  getParentRoute: () => root,
  path: "/welcome",
  component: page(() => import("./entry/Welcome.tsx"), "Welcome"),
});

/** All pages for those who are signed in; the others are led to the sign-in and back. */
const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  component: Shell,
  errorComponent: PageFailure,
  async beforeLoad({ context, location }) {
    try {
      await context.client.ensureQueryData(sessionQuery);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "unauthorized") throw error;
      throw redirect({ to: "/sign-in", search: { next: location.href } });
    }
  },
});
const at = <const Path extends string>(path: Path) => ({ getParentRoute: () => shell, path });

const overview = createRoute({
  ...at("/"),
  validateSearch: texts("days", "location_id"),
  component: page(() => import("./overview/OverviewPage.tsx"), "OverviewPage"),
});

const calls = createRoute({
  ...at("/calls"),
  validateSearch: texts(
    ...(["q", "cursor", "from", "to", "disposition", "outcome", "direction"] as const),
    ...(["contact_id", "location_id", "intent_id", "status", "hidden"] as const),
  ),
  component: page(() => import("./calls/CallsPage.tsx"), "CallsPage"),
});
const call = createRoute({
  ...at("/calls/$id"),
  validateSearch: texts("q"),
  component: page(() => import("./calls/CallPage.tsx"), "CallPage"),
});
const attention = createRoute({
  ...at("/attention"),
  validateSearch: texts("cursor"),
  component: page(() => import("./calls/AttentionPage.tsx"), "AttentionPage"),
});

const contacts = createRoute({
  ...at("/contacts"),
  validateSearch: texts("q", "cursor", "source"),
  component: page(() => import("./contacts/ContactsPage.tsx"), "ContactsPage"),
});
const contact = createRoute({
  getParentRoute: () => contacts,
  path: "$id",
  component: page(() => import("./contacts/ContactPanel.tsx"), "ContactPanel"),
});

const knowledge = createRoute({
  ...at("/knowledge"),
  validateSearch: texts("q", "cursor", "type", "location_id", "effective"),
  component: page(() => import("./knowledge/KnowledgePage.tsx"), "KnowledgePage"),
});
const knowledgeEntry = createRoute({
  getParentRoute: () => knowledge,
  path: "$type/$id",
  component: page(() => import("./knowledge/EntryPanel.tsx"), "EntryPanel"),
});

const locations = createRoute({
  ...at("/locations"),
  validateSearch: texts("cursor"),
  component: page(() => import("./locations/LocationsPage.tsx"), "LocationsPage"),
});
const location = createRoute({
  getParentRoute: () => locations,
  path: "$id",
  component: page(() => import("./locations/LocationPanel.tsx"), "LocationPanel"),
});

const team = createRoute({
  ...at("/team"),
  validateSearch: texts("q", "cursor", "location_id", "department", "active"),
  component: page(() => import("./team/TeamPage.tsx"), "TeamPage"),
});
const teamMember = createRoute({
  getParentRoute: () => team,
  path: "$id",
  component: page(() => import("./team/TeamMemberPanel.tsx"), "TeamMemberPanel"),
});

const rules = createRoute({
  ...at("/rules"),
  validateSearch: texts("location_id", "active"),
  component: page(() => import("./rules/RulesPage.tsx"), "RulesPage"),
});
const rule = createRoute({
  getParentRoute: () => rules,
  path: "$id",
  component: page(() => import("./rules/RulePanel.tsx"), "RulePanel"),
});

const intents = createRoute({
  ...at("/intents"),
  validateSearch: texts("cursor", "active"),
  component: page(() => import("./intents/IntentsPage.tsx"), "IntentsPage"),
});
const intent = createRoute({
  getParentRoute: () => intents,
  path: "$id",
  component: page(() => import("./intents/IntentPanel.tsx"), "IntentPanel"),
});

const webhooks = createRoute({
  ...at("/webhooks"),
  validateSearch: texts("cursor", "enabled"),
  component: page(() => import("./webhooks/WebhooksPage.tsx"), "WebhooksPage"),
});
const newWebhook = createRoute({
  getParentRoute: () => webhooks,
  path: "new",
  component: page(() => import("./webhooks/NewWebhookPanel.tsx"), "NewWebhookPanel"),
});
const webhook = createRoute({
  ...at("/webhooks/$id"),
  validateSearch: texts("cursor", "status", "event"),
  component: page(() => import("./webhooks/WebhookPage.tsx"), "WebhookPage"),
});
const delivery = createRoute({
  getParentRoute: () => webhook,
  path: "deliveries/$deliveryId",
  component: page(() => import("./webhooks/DeliveryPanel.tsx"), "DeliveryPanel"),
});

const keys = createRoute({
  ...at("/settings/keys"),
  component: page(() => import("./keys/KeysPage.tsx"), "KeysPage"),
});
const newKey = createRoute({
  getParentRoute: () => keys,
  path: "new",
  component: page(() => import("./keys/NewKeyDialog.tsx"), "NewKeyDialog"),
});
const audit = createRoute({
  ...at("/settings/audit"),
  validateSearch: texts(
    ...([
      "cursor",
      "actor_id",
      "entity_type",
      "entity_id",
      "action",
      "from",
      "to",
      "entry",
    ] as const),
  ),
  component: page(() => import("./audit/AuditPage.tsx"), "AuditPage"),
});
const auditEntry = createRoute({
  getParentRoute: () => audit,
  path: "$id",
  component: page(() => import("./audit/AuditEntryPanel.tsx"), "AuditEntryPanel"),
});
const business = createRoute({
  ...at("/settings/business"),
  component: page(() => import("./account/BusinessPage.tsx"), "BusinessPage"),
});
const account = createRoute({
  ...at("/settings/account"),
  component: page(() => import("./account/AccountPage.tsx"), "AccountPage"),
});

const routeTree = root.addChildren([
  signIn,
  signInLink,
  welcome,
  mock,
  shell.addChildren([
    overview,
    calls,
    call,
    attention,
    contacts.addChildren([contact]),
    knowledge.addChildren([knowledgeEntry]),
    locations.addChildren([location]),
    team.addChildren([teamMember]),
    rules.addChildren([rule]),
    intents.addChildren([intent]),
    webhooks.addChildren([newWebhook]),
    webhook.addChildren([delivery]),
    keys.addChildren([newKey]),
    audit.addChildren([auditEntry]),
    business,
    account,
  ]),
]);

export function createPagesRouter(client: QueryClient) {
  const router = createRouter({
    routeTree,
    context: { client },
    defaultPreload: "intent",
    defaultErrorComponent: PageFailure,
    defaultNotFoundComponent: NotFound,
    scrollRestoration: true,
    parseSearch: parseSearchWith((value) => value),
    stringifySearch: stringifySearchWith(String),
  });
  router.subscribe("onResolved", () => (painted = true));
  return router;
}

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** The key of the knowledge that a new entry is to override. */
    overrides?: string;
  }
  interface Register {
    router: ReturnType<typeof createPagesRouter>;
  }
}
