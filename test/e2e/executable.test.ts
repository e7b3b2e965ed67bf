/** Every command of the executable, copied alone into an empty directory. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SCHEMA_VERSION } from "../../src/store/migrate.ts";
import { createClient } from "../support/client.ts";
import { type Executable, installExecutable, type Serving } from "../support/executable.ts";
import { freshNumber, sampleCall } from "../support/samples.ts";

let allison: Executable;
let server: Serving;
beforeAll(async () => {
  allison = installExecutable();
  server = await allison.serve(["--log-level", "debug"], {
    ALLISON_READS_PER_MINUTE: "100000",
    ALLISON_WRITES_PER_MINUTE: "100000",
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  allison[Symbol.dispose]();
});

const plaintexts: string[] = [];
async function makeKey(...args: string[]): Promise<string> {
  const { stdout, exitCode, stderr } = await allison.run([
    "keys",
    "create",
    "--name",
    "Test",
    ...args,
  ]);
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining("not shown again")]);
  const token = stdout.trim();
  plaintexts.push(token);
  return token;
}

function FIXTURES(name: string): string {
  const file = join(import.meta.dir, "../support/fixtures", name);
  // Git does not keep the mode, and the server refuses a key that other users can read.
  if (name.endsWith(".key")) chmodSync(file, 0o600);
  return file;
}

const everyByte = (path: string): string =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "allison")
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");

describe("first use in an empty directory", () => {
  test("the start prints the address, the reference and how to create the first key, and protects its files", () => {
    expect(server.log()).toContain(`Reference: ${server.url}/docs`);
    expect(server.log()).toContain('keys create --name "My first key" --scope write');
    expect(statSync(join(allison.path, "allison-data")).mode & 0o777).toBe(0o700);
    expect(statSync(join(allison.path, "allison-data/secret.key")).mode & 0o777).toBe(0o600);
  });

  test("a key created, disabled, enabled, rotated or deleted takes effect on the next request", async () => {
    const token = await makeKey("--scope", "write");
    const client = createClient(server.url, token);
    const me = await client.get("/v1/me");
    expect(me.body.data).toMatchObject({
      organization: { name: "My business" },
      key: { name: "Test", scope: "write" },
    });
    const { id, prefix } = me.body.data.key;
    const run = async (...args: string[]) =>
      expect((await allison.run(["keys", ...args])).exitCode).toBe(0);
    await run("disable", prefix);
    expect((await client.get("/v1/me")).status).toBe(401);
    await run("enable", id);
    expect((await client.get("/v1/me")).status).toBe(200);
    const rotated = JSON.parse(
      (await allison.run(["keys", "rotate", id, "--overlap", "1h", "--json"])).stdout,
    );
    plaintexts.push(rotated.key);
    expect(Object.keys(rotated).sort()).toEqual(["id", "key", "name", "prefix", "scope"]);
    expect((await createClient(server.url, rotated.key).get("/v1/me")).status).toBe(200);
    expect(Date.parse((await client.get("/v1/me")).body.data.key.expires_at)).toBeLessThanOrEqual(
      Date.now() + 3_600_000,
    );
    await run("delete", id);
    expect((await client.get("/v1/me")).status).toBe(401);
    const listed = JSON.parse((await allison.run(["keys", "list", "--json"])).stdout) as {
      id: string;
    }[];
    expect(listed.map((key) => key.id)).toEqual([rotated.id]);
  });

  test("calls stored by PUT, as NDJSON and from a file are listed by the API; storing them again changes nothing", async () => {
    const [write, platform] = [await makeKey("--scope", "write"), await makeKey("--platform")];
    const client = createClient(server.url, platform);
    const records = Array.from({ length: 300 }, (_, n) => ({
      external_id: `e2e-${n}`,
      ...sampleCall(),
    }));
    const ndjson = records.map((record) => JSON.stringify(record)).join("\n");
    expect((await client.put("/platform/v1/calls/e2e-0", records[0])).status).toBe(201);
    const headers = { "content-type": "application/x-ndjson" };
    const sent = await client.send("POST", "/platform/v1/calls", { headers, body: ndjson });
    const statuses = sent.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).status);
    expect([statuses[0], new Set(statuses.slice(1))]).toEqual(["unchanged", new Set(["created"])]);
    writeFileSync(
      join(allison.path, "calls.ndjson"),
      `${ndjson}\n{"external_id": "bad"}\nnot json\n`,
    );
    const imported = await allison.run(["calls", "import", "calls.ndjson"]);
    expect(imported.exitCode).toBe(1);
    expect(imported.stderr + imported.stdout).toMatch(/300 unchanged/);
    expect(imported.stderr).toMatch(/line 301.*direction/i);
    expect(imported.stderr).toMatch(/line 302/i);
    const piped = await allison.run(["calls", "import", "-", "--json"], {
      stdin: JSON.stringify({ external_id: "piped", ...sampleCall() }),
    });
    expect([piped.exitCode, JSON.parse(piped.stdout)]).toMatchObject([
      0,
      { created: 1, unchanged: 0, failed: [] },
    ]);
    const calls = await createClient(server.url, write).all("/v1/calls", 7);
    expect(calls).toHaveLength(301);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(301);
  });

  test("searches and filters that read many rows are served by the executable's own threads", async () => {
    const client = createClient(server.url, await makeKey("--scope", "write"));
    const { status } = await client.post("/v1/contacts", {
      phone_number: freshNumber(),
      first_name: "Searched",
    });
    expect(status).toBe(201);
    for (const filter of ["q=searched", "source=api&q=searched"]) {
      const { body } = await client.get(`/v1/contacts?${filter}`);
      expect(body.data).toMatchObject([{ first_name: "Searched" }]);
    }
  });

  test("the audit log is listed, exported and verified, with the actor of each change", async () => {
    const list = await allison.run(["audit", "list", "--entity", "api_key", "--json"]);
    const rows = JSON.parse(list.stdout);
    expect(rows.length).toBeGreaterThan(3);
    expect(rows[0].actor.type).toBe("cli");
    const exported = (await allison.run(["audit", "export"])).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(exported.map(({ id }) => id)).toEqual(exported.map((_, i) => i + 1));
    const verified = await allison.run(["audit", "verify", "--head", exported[3].hash, "--json"]);
    expect([verified.exitCode, JSON.parse(verified.stdout)]).toMatchObject([
      0,
      { intact: true, rows: exported.length },
    ]);
    const wrong = await allison.run(["audit", "verify", "--head", "0".repeat(63).concat("1")]);
    expect([wrong.exitCode, wrong.stdout]).toEqual([1, ""]);
  });

  test("openapi, version and health print what the server serves", async () => {
    const document = JSON.parse((await allison.run(["openapi"])).stdout);
    expect(document.openapi).toStartWith("3.1");
    const served = (await createClient(server.url, null).get("/openapi.json")).body;
    expect(Object.keys(served.paths)).toEqual(Object.keys(document.paths));
    const { webhooks: _, ...withoutWebhooks } = document;
    const shorter = await allison.run(["openapi", "--no-webhooks"]);
    expect(JSON.parse(shorter.stdout)).toEqual(withoutWebhooks);
    expect(JSON.parse((await allison.run(["version", "--json"])).stdout)).toMatchObject({
      schema: SCHEMA_VERSION,
    });
    expect(await allison.run(["health"])).toMatchObject({
      exitCode: 0,
      stdout: `healthy: ${server.url}\n`,
    });
  });

  test("no plaintext key is in the database, its log, the audit log or the server's log", async () => {
    const everything =
      everyByte(allison.path) + server.log() + (await allison.run(["audit", "export"])).stdout;
    expect(plaintexts.length).toBeGreaterThanOrEqual(4);
    for (const token of plaintexts) {
      expect(everything.includes(token)).toBe(false);
      // The part after the displayed prefix must not be there either.
      expect(everything.includes(token.slice(14))).toBe(false);
    }
    expect(everything).toContain(plaintexts.at(-1)!.slice(0, 14));
  });
});

describe("wrong usage prints one sentence and exits with 2", () => {
  const table: [string[], RegExp, Record<string, string>?][] = [
    [
      ["serve", "--port", "http"],
      /^--port must be a whole number from 0 to 65535, not "http"\.\n$/,
    ],
    [["serve", "--port", "70000"], /--port must be/],
    [["serve", "--nonsense"], /--nonsense/],
    [["serve", "--reads-per-minute", "0"], /--reads-per-minute/],
    [
      ["serve", "--webhook-allow", "everywhere"],
      /--webhook-allow must be a network in CIDR notation/,
    ],
    [["serve", "--trust-proxy", "10.0.0.0/40"], /--trust-proxy/],
    [["serve", "--webhook-ca", "missing.pem"], /--webhook-ca names a file that does not exist/],
    [["serve", "--tls-cert", "allison"], /--tls-cert requires --tls-key/],
    [["serve", "--public-url", "example.com"], /--public-url/],
    [["serve", "--log-level", "loud"], /debug, info, warn, error, silent/],
    [["serve", "--organization", " "], /--organization must be 1 to 200 characters/],
    [["serve", "--country", "Atlantis"], /--country must be the two letters of a country/],
    [["serve"], /--port must be/, { ALLISON_PORT: "x" }],
    [["frobnicate"], /frobnicate/],
    [["keys", "create", "--name", "x"], /--scope .*or --platform/],
    [["keys", "create", "--scope", "read"], /--name/],
    [["keys", "create", "--name", "x", "--scope", "admin"], /read, write/],
    [["keys", "create", "--name", " ", "--scope", "read"], /--name must be/],
    [["keys", "create", "--name", "x", "--scope", "read", "--platform"], /either/],
    [
      ["keys", "create", "--name", "x", "--scope", "read", "--expires", "soon"],
      /--expires must be a time span such as/,
    ],
    [["keys", "create", "--name", "x", "--scope", "read", "--expires", "2020-01-01"], /future/],
    [
      ["keys", "create", "--name", "x", "--scope", "read", "--expires", "2027-02-31"],
      /--expires must be a date/,
    ],
    [
      ["keys", "create", "--name", "x", "--scope", "read", "--expires", "2027-01-01T09:00"],
      /with its zone/,
    ],
    [["keys", "create", "--name", "x", "--scope", "read", "--expires", "999999999y"], /up to 100y/],
    [["keys", "create", "--name", "a\u001b[31m", "--scope", "read"], /control characters/],
    [
      ["serve", "--tls-cert", FIXTURES("server.crt"), "--tls-key", FIXTURES("other.key")],
      /^--tls-key is not the private key of --tls-cert\.\n$/,
    ],
    [
      ["serve", "--tls-cert", FIXTURES("server.key"), "--tls-key", FIXTURES("server.key")],
      /^--tls-cert must be a PEM file with a certificate\.\n$/,
    ],
    [
      ["serve", "--data", "ca", "--webhook-ca", FIXTURES("server.key")],
      /^--webhook-ca cannot be used/,
    ],
    [["keys", "show", "av_live_nobody"], /There is no key/],
    [["keys", "rotate", "x", "--overlap", "-1h"], /--overlap/],
    [["calls", "import", "missing.ndjson"], /missing\.ndjson/],
    [["calls", "import"], /file/i],
    [["audit", "list", "--limit", "many"], /--limit/],
    [["audit", "list", "--from", "yesterday"], /--from/],
    [["audit", "verify", "--head", "abc"], /--head/],
    [["keys", "list", "--data", "nowhere"], /nowhere/],
    [["admin", "create"], /--email/],
    [["admin", "create", "--email", "maria"], /^--email must be an email address such as/],
    [
      ["admin", "create", "--email", "maria@example.com", "--name", " "],
      /^--name must not be blank/,
    ],
    [
      ["admin", "reset-password", "nobody@example.com"],
      /There is no account "nobody@example\.com"/,
    ],
    [["admin", "disable-2fa", "nobody@example.com"], /There is no account/],
  ];
  const cases = table.map(([args, message, env]) => ({
    command: args.join(" "),
    args,
    message,
    env,
  }));
  test.each(cases)("allison $command", async ({ args, message, env }) => {
    const { exitCode, stdout, stderr } = await allison.run(args, { env });
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test("every command has help with an example", async () => {
    const help = async (...args: string[]) => (await allison.run([...args, "--help"])).stdout;
    const commandsOf = (text: string) =>
      [...(text.split("Commands:")[1] ?? "").matchAll(/^ {2}([\w-]+)/gm)]
        .map(([, name]) => name!)
        .filter((name) => name !== "help");
    const top = commandsOf(await help());
    expect(top).toContain("serve");
    for (const command of top) {
      const text = await help(command);
      const inner = commandsOf(text);
      for (const name of inner)
        expect([command, name, await help(command, name)]).toEqual([
          command,
          name,
          expect.stringContaining("Example:"),
        ]);
      if (inner.length === 0)
        expect([command, text]).toEqual([command, expect.stringContaining("Example:")]);
    }
  });
});

describe("starting and stopping", () => {
  test("a second server on a directory names the first and exits; the first keeps running", async () => {
    const second = await allison.run(["serve", "--port", "0"]);
    expect([second.exitCode, second.stdout]).toEqual([2, ""]);
    expect(second.stderr).toContain(`process ${server.pid}`);
    expect(second.stderr).toContain(server.url);
    expect((await allison.run(["health"])).exitCode).toBe(0);
  });

  test("a port in use is reported with its setting, and the server exits", async () => {
    const port = new URL(server.url).port;
    const other = await allison.run(["serve", "--data", "other", "--port", port]);
    expect([other.exitCode, other.stderr]).toEqual([
      2,
      `Port ${port} on 127.0.0.1 is in use; choose another with --port (0 picks a free one).\n`,
    ]);
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "%s stops the server with exit 0 and merges the write-ahead log into the database",
    async (signal) => {
      await using own = await allison.serve(["--data", `stopped-${signal}`]);
      own.kill(signal);
      expect(await own.ended).toBe(0);
      expect(readdirSync(join(allison.path, `stopped-${signal}`)).sort()).toEqual([
        "allison.db",
        "secret.key",
        "server.lock",
      ]);
      const health = await allison.run(["health", "--data", `stopped-${signal}`]);
      expect([health.exitCode, health.stderr]).toEqual([
        1,
        `No server runs on stopped-${signal}.\n`,
      ]);
    },
  );

  test("a server that cannot store its URL serves, logs it, and ends at a signal", async () => {
    const data = join(allison.path, "unannounced");
    {
      await using _ = await allison.serve(["--data", "unannounced"]);
    }
    mkdirSync(join(data, "server.json"));
    await using own = await allison.serve(["--data", "unannounced"]);
    expect((await fetch(`${own.url}/health`)).status).toBe(200);
    expect(own.log()).toContain("the URL of the server could not be stored");
    own.kill("SIGTERM");
    expect(await own.ended).toBe(0);
  });

  test("a second signal stops the server immediately, even with a request in flight", async () => {
    await using own = await allison.serve(["--data", "hasty"]);
    const token = (
      await allison.run(["keys", "create", "--data", "hasty", "--name", "x", "--scope", "write"])
    ).stdout.trim();
    const stuck = fetch(`${own.url}/v1/contacts`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("{")),
      }),
    }).catch(() => null);
    await Bun.sleep(100);
    own.kill("SIGTERM");
    await Bun.sleep(100);
    own.kill("SIGTERM");
    expect(await own.ended).toBe(1);
    await stuck;
  });

  test("requests in flight at a stop are completed, or answered with 503 and not stored", async () => {
    const own = await allison.serve(["--data", "busy"], { ALLISON_WRITES_PER_MINUTE: "1000000" });
    const token = (
      await allison.run(["keys", "create", "--data", "busy", "--name", "x", "--scope", "write"])
    ).stdout.trim();
    const client = createClient(own.url, token);
    const outcomes: (number | string)[] = [];
    const writers = Array.from({ length: 32 }, async () => {
      for (;;) {
        const outcome = await client.post("/v1/contacts", { phone_number: freshNumber() }).then(
          ({ status }) => status,
          (error: Error & { code?: string }) => error.code ?? error.message,
        );
        outcomes.push(outcome);
        if (outcome !== 201) return;
      }
    });
    await Bun.sleep(200);
    own.kill("SIGTERM");
    await Promise.all(writers);
    expect(await own.ended).toBe(0);
    expect(new Set(outcomes)).toEqual(new Set([201, 503]));
    const verified = await allison.run(["audit", "verify", "--data", "busy", "--json"]);
    // The organization, the key, and a row for each contact that was acknowledged.
    expect(JSON.parse(verified.stdout).rows).toBe(
      2 + outcomes.filter((outcome) => outcome === 201).length,
    );
  });

  test("the server speaks https with a given certificate, and health checks it over https", async () => {
    await using own = await allison.serve([
      "--data",
      "tls",
      "--tls-cert",
      FIXTURES("server.crt"),
      "--tls-key",
      FIXTURES("server.key"),
    ]);
    expect(own.url).toStartWith("https://127.0.0.1:");
    const ca = readFileSync(FIXTURES("authority.crt"), "utf8");
    const tls = { ca, checkServerIdentity: () => undefined };
    expect((await fetch(`${own.url}/health`, { tls })).status).toBe(200);
    expect(await fetch(`${own.url}/health`).catch(() => "refused")).toBe("refused");
    const health = await allison.run(["health", "--data", "tls"]);
    expect([health.exitCode, health.stdout]).toEqual([0, `healthy: ${own.url}\n`]);
  });

  test("a log that cannot be written does not affect responses", async () => {
    const child = Bun.spawn(
      ["sh", "-c", "exec ./allison serve --port 0 --data logless --log-level debug 2>/dev/full"],
      {
        cwd: allison.path,
        env: {},
        stdout: "pipe",
      },
    );
    const { value } = await child.stdout.getReader().read();
    const url = /http\S+/.exec(new TextDecoder().decode(value))![0];
    for (let i = 0; i < 3; i += 1)
      expect((await createClient(url, null).get("/v1/me")).status).toBe(401);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });

  test("output that cannot be written is a failure; a pipe that the reader closed is not", async () => {
    const resultOf = async (command: string) => {
      const child = Bun.spawn(["sh", "-c", command], {
        cwd: allison.path,
        env: { PATH: process.env.PATH ?? "" },
        stderr: "pipe",
        stdout: "pipe",
      });
      return [(await new Response(child.stderr).text()).trim(), await child.exited];
    };
    expect(await resultOf("exec ./allison openapi > /dev/full")).toEqual([
      expect.stringContaining("could not be written"),
      1,
    ]);
    expect(await resultOf("{ ./allison openapi; echo $? >&2; } | head -c 10")).toEqual(["0", 0]);
  });

  test("the audit log names the operating system user, whatever the environment variables say", async () => {
    const made = await allison.run(["keys", "create", "--name", "x", "--scope", "read"], {
      env: { USER: "mallory", HOME: "/nowhere" },
    });
    expect(made.exitCode).toBe(0);
    const [row] = JSON.parse(
      (await allison.run(["audit", "list", "--limit", "1", "--json"])).stdout,
    );
    expect(row.actor.type).toBe("cli");
    expect(row.actor.name).not.toBe("mallory");
  });

  test("after kill -9 every acknowledged write is stored, and the next start needs no repair", async () => {
    const data = "killed";
    const first = await allison.serve(["--data", data], { ALLISON_WRITES_PER_MINUTE: "1000000" });
    const token = (
      await allison.run(["keys", "create", "--data", data, "--name", "x", "--scope", "write"])
    ).stdout.trim();
    const client = createClient(first.url, token);
    const acknowledged: string[] = [];
    const writers = Array.from({ length: 16 }, async () => {
      for (;;) {
        const answer = await client
          .post("/v1/contacts", { phone_number: freshNumber() })
          .catch(() => null);
        if (!answer) return;
        expect(answer.status).toBe(201);
        acknowledged.push(answer.body.data.id);
      }
    });
    while (acknowledged.length <= 100) await Bun.sleep(10);
    first.kill("SIGKILL");
    await Promise.all(writers);
    await using second = await allison.serve(["--data", data], {
      ALLISON_READS_PER_MINUTE: "1000000",
    });
    const stored = new Set(
      (await createClient(second.url, token).all("/v1/contacts")).map(({ id }) => id),
    );
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    expect((await allison.run(["audit", "verify", "--data", data])).exitCode).toBe(0);
  });

  test("environment variables set what the command line does not", async () => {
    await using own = await allison.serve([], {
      ALLISON_DATA: "by-environment",
      ALLISON_ORGANIZATION: "Bright Dental",
      ALLISON_PUBLIC_URL: "https://allison.example/",
    });
    expect(own.log()).toContain("https://allison.example/docs");
    const token = (
      await allison.run(["keys", "create", "--name", "x", "--scope", "read"], {
        env: { ALLISON_DATA: "by-environment" },
      })
    ).stdout.trim();
    expect((await createClient(own.url, token).get("/v1/me")).body.data.organization.name).toBe(
      "Bright Dental",
    );
  });

  test("a .env or bunfig.toml in the working directory has no effect", async () => {
    writeFileSync(join(allison.path, ".env"), "ALLISON_PORT=nonsense\n");
    writeFileSync(join(allison.path, "bunfig.toml"), 'preload = ["./evil.ts"]\n');
    writeFileSync(
      join(allison.path, "evil.ts"),
      'require("node:fs").writeFileSync("evil.txt", "ran")\n',
    );
    expect((await allison.run(["version"])).exitCode).toBe(0);
    await using own = await allison.serve(["--data", "dotenv"]);
    expect(own.url).toStartWith("http://127.0.0.1:");
    expect(readdirSync(allison.path)).not.toContain("evil.txt");
  });
});
