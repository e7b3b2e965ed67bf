/** The mock server: an instance with temporary data behind one port, and the reset that replaces it. */
import { defaultConfig } from "../config.ts";
import { targetOf } from "../http/target.ts";
import { LOOPBACK, loopbackUrl } from "../lib/ip.ts";
import { formatUrl, listenOptions, startListening } from "../server.ts";
import { createControl } from "./control.ts";
import { createInstance, type MockInstance, type MockOptions } from "./instance.ts";
import { respondToApi } from "./respond.ts";

export interface Mock {
  url: string;
  /** The current instance. A reset replaces it. */
  instance(): MockInstance;
  /** Signs its first reader in to the dashboard. */
  signInLink(): string;
  stop(): Promise<void>;
}

/** Receivers on this machine. A real server sends to them only with `--webhook-allow`. */
/** Starts to listen and fills the first instance. Requests that arrive before it is filled wait for it. */
export async function startMock(options: MockOptions): Promise<Mock> {
  const { log } = options;
  const config = defaultConfig({
    ...options.config,
    webhookAllow: [...LOOPBACK, ...options.config.webhookAllow],
  });
  const ready = Promise.withResolvers<MockInstance>();
  ready.promise.catch(() => {});
  let current: MockInstance | null = null;
  const server = startListening(config, () =>
    Bun.serve({
      ...listenOptions(config, log),
      fetch: (request) =>
        current
          ? respond(request, current)
          : ready.promise.then((instance) => respond(request, instance)),
    }),
  );
  const url = loopbackUrl(formatUrl(config.host, server.port!, false));
  const control = createControl({ options, url, reset });

  function respond(request: Request, instance: MockInstance): Response | Promise<Response> {
    const { path } = targetOf(request);
    if (/^\/(v1|platform)\//.test(path)) return respondToApi(request, path, instance, log);
    if (path.startsWith("/mock/")) return control(request, path, instance);
    return instance.application.elysia.fetch(request);
  }

  async function reset(): Promise<MockInstance> {
    const next = await createInstance(options, config, server, url);
    const previous = current!;
    current = next;
    previous.application.stop().catch((error) => log.error({ err: error }, "reset"));
    return next;
  }

  try {
    current = await createInstance(options, config, server, url);
    ready.resolve(current);
  } catch (error) {
    ready.reject(error);
    await server.stop(true);
    throw error;
  }
  return mockOf(url, server, () => current!);
}

function mockOf(url: string, server: Bun.Server<undefined>, instance: () => MockInstance): Mock {
  async function stop(): Promise<void> {
    await instance().application.drain();
    await server.stop(true);
    await instance().application.stop();
  }
  let stopping: Promise<void> | undefined;
  return {
    url,
    instance,
    signInLink: () => `${url}/sign-in/link#${instance().signInLink.token}`,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}
