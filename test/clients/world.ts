/** A mock server as a developer starts it, and the generators of clients. */
import { join } from "node:path";
import { installExecutable } from "../support/executable.ts";
import { type Project, runScript } from "../support/project.ts";

export interface MockServer extends AsyncDisposable {
  url: string;
  read_key: string;
  write_key: string;
  platform_key: string;
}

/** `calls`: how many it has, from a file of its own. */
export async function startMockServer(calls: number, args: string[] = []): Promise<MockServer> {
  const allison = installExecutable();
  const records = Array.from({ length: calls }, (_, i) => ({
    external_id: `call-${i}`,
    direction: "inbound",
    from_number: "+15550100123",
    started_at: new Date(Date.UTC(2026, 0, 15, 9, i)).toISOString(),
    summary: `Call ${i}.`,
  }));
  const data = join(allison.path, "calls.ndjson");
  await Bun.write(data, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  const command = ["mock", "--port", "0", "--json", "--data", data, ...args];
  const running = await allison.start(command, /\n/);
  return {
    ...(JSON.parse(running.stdout()) as Omit<MockServer, typeof Symbol.asyncDispose>),
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      allison[Symbol.dispose]();
    },
  };
}

/** Runs a command that the page shows, such as `npx openapi-typescript URL -o schema.d.ts`, on this mock. */
export async function generate(command: string, { url }: MockServer, { path }: Project) {
  const [, ...args] = command.replace("http://127.0.0.1:8080", url).split(" ");
  const script = join(import.meta.dir, "generate.ts");
  const { exitCode, output } = await runScript(script, args, { cwd: path });
  if (exitCode !== 0) throw new Error(output);
}
