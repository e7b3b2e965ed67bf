/**
 * The path of each dashboard page, declared once. The server, the router, the navigation and every link derive from this
 * list. `$name` is a parameter. Imports nothing, because the browser loads it too.
 */
export const PAGE_PATHS = {
  signIn: "/sign-in",
  signInLink: "/sign-in/link",
  welcome: "/welcome",
  invitation: "/invitation",
  mock: "/mock",
  overview: "/",
  calls: "/calls",
  call: "/calls/$id",
  attention: "/attention",
  contacts: "/contacts",
  contact: "/contacts/$id",
  knowledge: "/knowledge",
  knowledgeEntry: "/knowledge/$type/$id",
  locations: "/locations",
  location: "/locations/$id",
  team: "/team",
  teamMember: "/team/$id",
  rules: "/rules",
  rule: "/rules/$id",
  intents: "/intents",
  intent: "/intents/$id",
  webhooks: "/webhooks",
  newWebhook: "/webhooks/new",
  webhook: "/webhooks/$id",
  delivery: "/webhooks/$id/deliveries/$deliveryId",
  keys: "/settings/keys",
  newKey: "/settings/keys/new",
  audit: "/settings/audit",
  auditEntry: "/settings/audit/$id",
  business: "/settings/business",
  account: "/settings/account",
} as const;

export type PageName = keyof typeof PAGE_PATHS;

/** Pages that require no session. */
export const PUBLIC_PAGES: readonly PageName[] = [
  "signIn",
  "signInLink",
  "welcome",
  "invitation",
  "mock",
];

/** Pages that only a mock server has. */
export const MOCK_PAGES: readonly PageName[] = ["mock"];

/** Takes the place of an id in the path of the form for a new object: `/contacts/new`. */
export const NEW_ID = "new";

/** The path of a page with its parameters filled in: `pagePath("contact", { id })`. */
export function pagePath(page: PageName, params: Readonly<Record<string, string>> = {}): string {
  return PAGE_PATHS[page].replaceAll(/\$(\w+)/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new Error(`the page ${page} needs the parameter ${name}`);
    return encodeURIComponent(value);
  });
}
