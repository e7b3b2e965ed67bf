/** The page component of each path, and the search parameters that it accepts, as plain text. */
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
import { PAGE_PATHS } from "../page-paths.ts";
import { Failure } from "./api/client.ts";
import { sessionQuery } from "./api/queries.ts";
import { NotFound, PageFailure } from "./frame/NotFound.tsx";
import { Shell } from "./frame/Shell.tsx";

const root = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFound,
});

/** Whether the frame is painted. */
let isPainted = false;

/**
 * A page in a file of its own. The frame is painted while the first page loads; navigation to a later page waits for its
 * file, so that the previous page stays visible until then.
 */
const page: typeof lazyRouteComponent = (load, name) => {
  const Page = lazyRouteComponent(load, name);
  const { preload } = Page;
  return Object.assign(Page, {
    async preload() {
      const loading = preload?.();
      if (isPainted) await loading;
    },
  });
};

/** Accepts the search parameters of these names and drops all others. */
const acceptParameters =
  <const Names extends readonly string[]>(...names: Names) =>
  (search: Record<string, unknown>): { [name in Names[number]]?: string } =>
    Object.fromEntries(
      names
        .filter((name) => typeof search[name] === "string" && search[name] !== "")
        .map((name) => [name, search[name]]),
    ) as { [name in Names[number]]?: string };

const signIn = createRoute({
  getParentRoute: () => root,
  path: PAGE_PATHS.signIn,
  validateSearch: acceptParameters("next"),
  component: page(() => import("./entry/SignIn.tsx"), "SignIn"),
});
const signInLink = createRoute({
  getParentRoute: () => root,
  path: PAGE_PATHS.signInLink,
  component: page(() => import("./entry/SignInLink.tsx"), "SignInLink"),
});
const mock = createRoute({
  getParentRoute: () => root,
  path: PAGE_PATHS.mock,
  validateSearch: acceptParameters("request"),
  component: page(() => import("./mock/MockPage.tsx"), "MockPage"),
});
const welcome = createRoute({
  getParentRoute: () => root,
  path: PAGE_PATHS.welcome,
  component: page(() => import("./entry/Welcome.tsx"), "Welcome"),
});
const invitation = createRoute({
  getParentRoute: () => root,
  path: PAGE_PATHS.invitation,
  component: page(() => import("./entry/Invitation.tsx"), "Invitation"),
});

/** The pages that require a session. Without one, the sign-in page opens and then leads back. */
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

type PathBelow<Parent extends string, Path extends string> = Path extends `${Parent}/${infer Rest}`
  ? Rest
  : never;

/** What follows `parent` in `path`: `$id` of `/contacts/$id`. A nested route states its path this way. */
const pathBelow = <const Parent extends string, const Path extends string>(
  parent: Parent,
  path: Path,
) => path.slice(parent.length + 1) as PathBelow<Parent, Path>;

const overview = createRoute({
  ...at(PAGE_PATHS.overview),
  validateSearch: acceptParameters("days", "location_id"),
  component: page(() => import("./overview/OverviewPage.tsx"), "OverviewPage"),
});

const calls = createRoute({
  ...at(PAGE_PATHS.calls),
  validateSearch: acceptParameters(
    "q",
    "cursor",
    "from",
    "to",
    "disposition",
    "outcome",
    "direction",
    "contact_id",
    "location_id",
    "intent_id",
    "status",
    "hidden",
  ),
  component: page(() => import("./calls/CallsPage.tsx"), "CallsPage"),
});
const call = createRoute({
  ...at(PAGE_PATHS.call),
  validateSearch: acceptParameters("q"),
  component: page(() => import("./calls/CallPage.tsx"), "CallPage"),
});
const attention = createRoute({
  ...at(PAGE_PATHS.attention),
  validateSearch: acceptParameters("cursor"),
  component: page(() => import("./calls/AttentionPage.tsx"), "AttentionPage"),
});

const contacts = createRoute({
  ...at(PAGE_PATHS.contacts),
  validateSearch: acceptParameters("q", "cursor", "source"),
  component: page(() => import("./contacts/ContactsPage.tsx"), "ContactsPage"),
});
const contact = createRoute({
  getParentRoute: () => contacts,
  path: pathBelow(PAGE_PATHS.contacts, PAGE_PATHS.contact),
  component: page(() => import("./contacts/ContactPanel.tsx"), "ContactPanel"),
});

const knowledge = createRoute({
  ...at(PAGE_PATHS.knowledge),
  validateSearch: acceptParameters("q", "cursor", "type", "location_id", "effective"),
  component: page(() => import("./knowledge/KnowledgePage.tsx"), "KnowledgePage"),
});
const knowledgeEntry = createRoute({
  getParentRoute: () => knowledge,
  path: pathBelow(PAGE_PATHS.knowledge, PAGE_PATHS.knowledgeEntry),
  component: page(() => import("./knowledge/EntryPanel.tsx"), "EntryPanel"),
});

const locations = createRoute({
  ...at(PAGE_PATHS.locations),
  validateSearch: acceptParameters("cursor"),
  component: page(() => import("./locations/LocationsPage.tsx"), "LocationsPage"),
});
const location = createRoute({
  getParentRoute: () => locations,
  path: pathBelow(PAGE_PATHS.locations, PAGE_PATHS.location),
  component: page(() => import("./locations/LocationPanel.tsx"), "LocationPanel"),
});

const team = createRoute({
  ...at(PAGE_PATHS.team),
  validateSearch: acceptParameters("q", "cursor", "location_id", "department", "active"),
  component: page(() => import("./team/TeamPage.tsx"), "TeamPage"),
});
const teamMember = createRoute({
  getParentRoute: () => team,
  path: pathBelow(PAGE_PATHS.team, PAGE_PATHS.teamMember),
  component: page(() => import("./team/TeamMemberPanel.tsx"), "TeamMemberPanel"),
});

const rules = createRoute({
  ...at(PAGE_PATHS.rules),
  validateSearch: acceptParameters("location_id", "active"),
  component: page(() => import("./rules/RulesPage.tsx"), "RulesPage"),
});
const rule = createRoute({
  getParentRoute: () => rules,
  path: pathBelow(PAGE_PATHS.rules, PAGE_PATHS.rule),
  component: page(() => import("./rules/RulePanel.tsx"), "RulePanel"),
});

const intents = createRoute({
  ...at(PAGE_PATHS.intents),
  validateSearch: acceptParameters("cursor", "active"),
  component: page(() => import("./intents/IntentsPage.tsx"), "IntentsPage"),
});
const intent = createRoute({
  getParentRoute: () => intents,
  path: pathBelow(PAGE_PATHS.intents, PAGE_PATHS.intent),
  component: page(() => import("./intents/IntentPanel.tsx"), "IntentPanel"),
});

const webhooks = createRoute({
  ...at(PAGE_PATHS.webhooks),
  validateSearch: acceptParameters("cursor", "enabled"),
  component: page(() => import("./webhooks/WebhooksPage.tsx"), "WebhooksPage"),
});
const newWebhook = createRoute({
  getParentRoute: () => webhooks,
  path: pathBelow(PAGE_PATHS.webhooks, PAGE_PATHS.newWebhook),
  component: page(() => import("./webhooks/NewWebhookPanel.tsx"), "NewWebhookPanel"),
});
const webhook = createRoute({
  ...at(PAGE_PATHS.webhook),
  validateSearch: acceptParameters("cursor", "status", "event"),
  component: page(() => import("./webhooks/WebhookPage.tsx"), "WebhookPage"),
});
const delivery = createRoute({
  getParentRoute: () => webhook,
  path: pathBelow(PAGE_PATHS.webhook, PAGE_PATHS.delivery),
  component: page(() => import("./webhooks/DeliveryPanel.tsx"), "DeliveryPanel"),
});

const keys = createRoute({
  ...at(PAGE_PATHS.keys),
  component: page(() => import("./keys/KeysPage.tsx"), "KeysPage"),
});
const newKey = createRoute({
  getParentRoute: () => keys,
  path: pathBelow(PAGE_PATHS.keys, PAGE_PATHS.newKey),
  component: page(() => import("./keys/NewKeyDialog.tsx"), "NewKeyDialog"),
});
const audit = createRoute({
  ...at(PAGE_PATHS.audit),
  validateSearch: acceptParameters(
    "cursor",
    "actor_id",
    "entity_type",
    "entity_id",
    "action",
    "from",
    "to",
  ),
  component: page(() => import("./audit/AuditPage.tsx"), "AuditPage"),
});
const auditEntry = createRoute({
  getParentRoute: () => audit,
  path: pathBelow(PAGE_PATHS.audit, PAGE_PATHS.auditEntry),
  component: page(() => import("./audit/AuditEntryPanel.tsx"), "AuditEntryPanel"),
});
const business = createRoute({
  ...at(PAGE_PATHS.business),
  component: page(() => import("./account/BusinessPage.tsx"), "BusinessPage"),
});
const account = createRoute({
  ...at(PAGE_PATHS.account),
  component: page(() => import("./account/AccountPage.tsx"), "AccountPage"),
});

const routeTree = root.addChildren([
  signIn,
  signInLink,
  welcome,
  invitation,
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
  router.subscribe("onResolved", () => (isPainted = true));
  return router;
}

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** The key of the knowledge entry that a new entry overrides. */
    overrides?: string;
  }
  interface Register {
    router: ReturnType<typeof createPagesRouter>;
  }
}
