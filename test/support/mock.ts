/** A mock server for a test, on a free port of the loopback interface. */

import { MOCK_KEYS } from "../../src/contract/mock-keys.ts";
import { createLog } from "../../src/lib/log.ts";
import { MOCK_ACCOUNT } from "../../src/mock/account.ts";
import { fillWithBusiness } from "../../src/mock/fill.ts";
import type { MockOptions } from "../../src/mock/instance.ts";
import { type Mock, startMock } from "../../src/mock/server.ts";
import { type Client, createClient } from "./client.ts";

export interface TestMock extends AsyncDisposable {
  server: Mock;
  url: string;
  read: Client;
  write: Client;
  platform: Client;
  anonymous: Client;
}

/** Starts a mock with five calls, without limits and with the machine's clock, unless `options` say otherwise. */
export async function startTestMock(
  options: Partial<MockOptions> & { calls?: number } = {},
): Promise<TestMock> {
  const { calls = 5, seed = 1, ...rest } = options;
  const server = await startMock({
    seed,
    strict: false,
    limits: false,
    faults: null,
    email: MOCK_ACCOUNT.email,
    config: { host: "127.0.0.1", port: 0, webhookAllow: [] },
    time: { start: null, speed: 1 },
    log: createLog("silent"),
    fill: (instance) => fillWithBusiness(instance, { seed, calls, days: 30, organization: null }),
    ...rest,
  });
  return {
    server,
    url: server.url,
    read: createClient(server.url, MOCK_KEYS.read),
    write: createClient(server.url, MOCK_KEYS.write),
    platform: createClient(server.url, MOCK_KEYS.platform),
    anonymous: createClient(server.url, null),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
