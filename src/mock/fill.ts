/** What a mock holds when it starts: a made-up business with its calls, or the calls of somebody's own file. */
import { systemActor } from "../access/actor.ts";
import { UsageError } from "../config.ts";
import { ingestLines, splitLines } from "../platform/lines.ts";
import { createOrganization } from "../resources/organization.ts";
import { createMockAccount } from "./account.ts";
import { makeMockKeys, type World } from "./server.ts";

/** Bad lines that are told of one by one. */
const TOLD = 5;

/** The calls of an NDJSON file, a record a line, as they are. Throws a UsageError that names the bad lines. */
export async function fillFromFile(
  world: World,
  file: string,
  organization: string,
): Promise<void> {
  const { store } = world.appliance;
  const actor = systemActor("mock");
  await store.change(actor, (tx) => createOrganization(tx, organization));
  await makeMockKeys(world);
  await createMockAccount(world.appliance);
  const services = { store, ingest: world.ingest, actor, onUnexpected: unexpected };
  const bad: string[] = [];
  let read = 0;
  for await (const { number, answer } of ingestLines(
    services,
    splitLines(Bun.file(file).stream()),
  )) {
    read += 1;
    const [[field, issue] = []] = Object.entries(answer.details ?? {});
    if (answer.status === "error") bad.push(`line ${number}: ${field} ${issue}`);
  }
  if (bad.length > 0) {
    const more = bad.length > TOLD ? `; and ${bad.length - TOLD} more` : "";
    throw new UsageError(`--data ${file} has bad lines: ${bad.slice(0, TOLD).join("; ")}${more}.`);
  }
  if (read === 0) throw new UsageError(`--data ${file} holds no call record.`);
}

function unexpected(error: unknown): void {
  throw error;
}

export interface Business {
  seed: number;
  calls: number;
  /** The business's name, in place of the made-up one. */
  organization: string | null;
}

/** A dental practice and its latest calls. */
export async function fillWithBusiness(world: World, { organization }: Business): Promise<void> {
  const { store } = world.appliance;
  await store.change(systemActor("mock"), (tx) =>
    createOrganization(tx, organization ?? "Bright Dental"),
  );
  await makeMockKeys(world);
  await createMockAccount(world.appliance);
}
