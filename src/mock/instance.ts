/** A mock between two resets: an appliance with temporary data and everything else that a reset replaces. */
import { createSignInLink, type SignInLink } from "../access/one-time.ts";
import { type Application, createApplication, type Listener } from "../app.ts";
import { type Appliance, openAppliance } from "../appliance.ts";
import { type Config, UsageError } from "../config.ts";
import { ApiError } from "../http/errors.ts";
import { createRateLimiter } from "../http/rate-limit.ts";
import { systemClock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { systemRandom } from "../lib/random.ts";
import { createIngest, type Ingest } from "../platform/ingest.ts";
import { createMockClock, type MockClock, type MockTime } from "./clock.ts";
import { createFaults, type Faults } from "./faults.ts";
import { createUnlimitedLimiter } from "./limiter.ts";
import { seededChance, seededRandom } from "./random.ts";
import { createRecent, type Recent } from "./recent.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

export interface MockOptions {
  config: Pick<Config, "host" | "port" | "webhookAllow"> & Partial<Config>;
  log: Log;
  seed: number;
  time: MockTime;
  /** Refuses unknown fields and query parameters. */
  strict: boolean;
  /** Applies the rate limits instead of only reporting them. */
  limits: boolean;
  /** The rules of a faults file; null for none. */
  faults: unknown;
  /** The account that the one-time link signs in; `fill` creates it. */
  email: string;
  /** Creates the initial data. It may hold the clock meanwhile. */
  fill(instance: MockInstance): Promise<unknown>;
}

export interface MockInstance {
  appliance: Appliance;
  application: Application;
  ingest: Ingest;
  clock: MockClock;
  faults: Faults;
  recent: Recent;
  signInLink: SignInLink;
}

/** Opens an instance, starts its background work for `listener`, and fills it. */
export async function createInstance(
  options: MockOptions,
  config: Config,
  listener: Listener,
  url: string,
): Promise<MockInstance> {
  const { seed, log } = options;
  const clock = createMockClock(options.time);
  const environment = {
    clock,
    random: seededRandom(seed, "rows"),
    requestRandom: seededRandom(seed, "requests"),
    apiKeyKind: "test" as const,
    isTemporary: true,
  };
  const directory = createTemporaryDirectory();
  const appliance = openAppliance({ ...config, data: directory.path }, environment, true);
  const signInLink = createSignInLink(options.email, systemRandom);
  const application = createApplication(appliance, config, log, {
    strict: options.strict,
    createLimiter: options.limits ? createRateLimiter : createUnlimitedLimiter,
    refusedHeaders: {},
    signInLink,
    extraPages: ["mock"],
    signingClock: systemClock,
  });
  application.start(listener, url);
  const instance: MockInstance = {
    appliance,
    application: {
      ...application,
      async stop() {
        await application.stop();
        directory.remove();
      },
    },
    ingest: createIngest({ db: appliance.db, publicUrl: () => url }),
    clock,
    faults: createFaults(application.routes, seededChance(seed, "faults")),
    recent: createRecent(),
    signInLink,
  };
  if (options.faults !== null) setInitialFaults(instance.faults, options.faults);
  await options.fill(instance);
  clock.release();
  return instance;
}

/** Throws a UsageError that names the first bad rule. */
function setInitialFaults(faults: Faults, rules: unknown): void {
  try {
    faults.set(rules);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const [[field, issue] = []] = Object.entries(error.details ?? {});
    throw new UsageError(`--faults has an invalid rule: ${field} ${issue}.`);
  }
}
