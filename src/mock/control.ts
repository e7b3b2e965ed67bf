/** The control endpoints of a mock, `/mock/…`: state, recorded requests, faults, reset and triggered events. */
import { MOCK_KEYS } from "../contract/mock-keys.ts";
import type { MockState } from "../dashboard/mock-answers.ts";
import { readBody } from "../http/body.ts";
import { ApiError } from "../http/errors.ts";
import { createHostCheck } from "../http/hosts.ts";
import { targetOf } from "../http/target.ts";
import { isoTime } from "../lib/clock.ts";
import { VERSION } from "../lib/version.ts";
import { readOrganization } from "../resources/organization.ts";
import { MOCK_ACTOR } from "./account.ts";
import type { MockInstance, MockOptions } from "./instance.ts";
import { respondToError } from "./respond.ts";
import { trigger } from "./trigger.ts";

interface ControlServices {
  options: MockOptions;
  url: string;
  /** Replaces the instance and returns the new one. */
  reset(): Promise<MockInstance>;
}

/** `argument`: the path segment after the endpoint's name. */
type Control = (request: Request, instance: MockInstance, argument: string) => unknown;

/** Answers a request to `/mock/…`. */
export function createControl(services: ControlServices) {
  const controls = new Map(Object.entries(createControls(services)));
  const requireServedHost = createHostCheck(services.options.config.host, () => services.url);
  return async (request: Request, path: string, instance: MockInstance): Promise<Response> => {
    try {
      requireServedHost(request);
      requireSameOrigin(request);
      const [, , name = "", argument = ""] = path.split("/");
      const methods = controls.get(name);
      if (!methods) throw new ApiError("not_found");
      const handle = methods[request.method];
      if (!handle) {
        const allowed = Object.keys(methods).join(", ");
        throw new ApiError("method_not_allowed", { headers: { Allow: allowed } });
      }
      const data = await handle(request, instance, argument);
      return Response.json({ data }, { headers: { "Cache-Control": "no-store" } });
    } catch (error) {
      return respondToError(error, services.options.log);
    }
  };
}

/** Pages of other sites may not control the mock. Programs other than browsers send neither header. */
function requireSameOrigin({ headers }: Request): void {
  const site = headers.get("sec-fetch-site") ?? "none";
  const origin = headers.get("origin");
  const isOwn = origin === null || origin === `http://${headers.get("host")}`;
  if ((site !== "same-origin" && site !== "none") || !isOwn) throw new ApiError("forbidden_origin");
}

function createControls({
  options,
  url,
  reset,
}: ControlServices): Record<string, Record<string, Control>> {
  const describe = (instance: MockInstance, after: number): MockState => ({
    ...describeOptions(options, url),
    ...describeInstance(instance, after),
  });
  return {
    state: {
      GET: (request, instance) =>
        describe(instance, Number(targetOf(request).query.get("after") ?? 0)),
    },
    requests: {
      async GET(_request, { recent }, argument) {
        const found = await recent.find(Number(argument));
        if (!found) throw new ApiError("not_found");
        return found;
      },
    },
    faults: {
      GET: (_request, { faults }) => faults.rules(),
      async POST(request, { faults }) {
        faults.set(await readBody(request, {}));
        return faults.rules();
      },
    },
    reset: {
      POST: async () => describe(await reset(), 0),
    },
    trigger: {
      async POST(request, { appliance: { store }, ingest }) {
        return trigger({ store, ingest, actor: MOCK_ACTOR }, await readBody(request, {}));
      },
    },
  };
}

const describeOptions = ({ seed, time, strict, limits }: MockOptions, url: string) => ({
  url,
  version: VERSION,
  seed,
  speed: time.speed,
  strict,
  limits,
});

function describeInstance(
  { appliance: { db, keys }, faults, recent, clock }: MockInstance,
  after: number,
) {
  const count = (table: string) =>
    db.$client.query<{ n: number }, []>(`select count(*) as n from ${table}`).get()!.n;
  return {
    now: isoTime(clock.now()),
    organization: readOrganization(db)?.name ?? "",
    keys: keys.list().flatMap(({ name, scope, prefix }) => {
      const token = Object.values(MOCK_KEYS).find((each) =>
        each.startsWith(prefix.replace(/\.+$/, "")),
      );
      return token ? [{ name, scope: scope ?? ("platform" as const), token }] : [];
    }),
    calls: count("calls"),
    subscriptions: count("webhook_subscriptions"),
    faults: faults.rules(),
    requests: recent.list(after),
  };
}
