/** A damaged write-ahead log: nothing that was acknowledged is dropped without a word, and a crash is not taken for damage. */
import { expect, test } from "bun:test";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { verifyAuditLog } from "../../src/audit/log.ts";
import { UsageError } from "../../src/config.ts";
import { openIntegrityCheck } from "../../src/store/integrity.ts";
import { closeDatabase, DATABASE_FILE, openDatabase } from "../../src/store/open.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { ACTOR, AUDIT_KEY, insertContact, openTestStore } from "../support/store.ts";

const LOG = `${DATABASE_FILE}-wal`;
const INDEX = `${DATABASE_FILE}-shm`;
const FRAME_BYTES = 24 + 4096;

/** What a killed process leaves after `contacts` acknowledged writes: the first half in the main file and in the log. */
async function leaveKilled(to: string, contacts: number): Promise<void> {
  using live = temporaryDirectory();
  await using world = openTestStore({ directory: join(live.path, "data") });
  const add = (name: string) => world.store.change(ACTOR, (tx) => insertContact(tx, name));
  // An earlier use of the log, which is longer.
  for (let i = 0; i < 3; i += 1) {
    await Promise.all(Array.from({ length: 200 }, (_, n) => add(`earlier ${i} ${n}`)));
  }
  world.db.$client.exec("delete from contacts; pragma wal_checkpoint(restart)");
  for (let i = 0; i < contacts; i += 1) {
    await add(`n${i}`);
    if (i === Math.floor(contacts / 2)) world.db.$client.exec("pragma wal_checkpoint(passive)");
  }
  cpSync(world.directory, to, { recursive: true });
}

/** The contacts after a start, or null if the start is refused. */
function openCopy(data: string, options: { discardDamagedLog?: boolean } = {}): number | null {
  try {
    const db = openDatabase(data, { create: true, auditKey: AUDIT_KEY, ...options });
    const contacts = db.$client.query("select count(*) from contacts").values()[0]![0] as number;
    expect(verifyAuditLog(db, { auditKey: AUDIT_KEY })).toMatchObject({ intact: true });
    closeDatabase(db);
    return contacts;
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return null;
  }
}

const CONTACTS = 30;

test.each([
  ["its index survived", true],
  ["its index is lost", false],
])(
  "wherever a log is damaged, all acknowledged writes are there or the start is refused: %s",
  async (_, hasIndex) => {
    using directory = temporaryDirectory();
    const killed = join(directory.path, "killed");
    await leaveKilled(killed, CONTACTS);
    const { size } = statSync(join(killed, LOG));
    let refused = 0;
    let run = 0;
    const positions = fc.oneof(
      fc.integer({ min: 0, max: size - 1 }),
      fc.integer({ min: 0, max: 31 }),
      // The headers of frames.
      fc
        .tuple(fc.nat({ max: Math.floor((size - 32) / FRAME_BYTES) - 1 }), fc.nat({ max: 23 }))
        .map(([frame, byte]) => 32 + frame * FRAME_BYTES + byte),
    );
    fc.assert(
      fc.property(positions, fc.nat({ max: 7 }), (position, bit) => {
        run += 1;
        const data = join(directory.path, `run-${run}`);
        cpSync(killed, data, { recursive: true });
        if (!hasIndex) rmSync(join(data, INDEX));
        const bytes = readFileSync(join(data, LOG));
        bytes[position]! ^= 1 << bit;
        writeFileSync(join(data, LOG), bytes);
        const contacts = openCopy(data);
        if (contacts === null) {
          refused += 1;
          expect(readFileSync(join(data, LOG)).equals(bytes)).toBe(true);
        } else expect(contacts).toBe(CONTACTS);
        rmSync(data, { recursive: true });
      }),
      { numRuns: 80 },
    );
    expect(refused).toBeGreaterThan(10);
  },
  60_000,
);

test("damage stops the start, also through a symbolic link: the error names the log and the possible loss, and the option keeps a copy and starts", async () => {
  using directory = temporaryDirectory();
  const data = join(directory.path, "data");
  await leaveKilled(data, CONTACTS);
  const bytes = readFileSync(join(data, LOG));
  const middle = 32 + 60 * FRAME_BYTES + 700;
  bytes[middle]! ^= 1;
  writeFileSync(join(data, LOG), bytes);
  expect(() => openDatabase(data, { create: true, auditKey: AUDIT_KEY })).toThrow(
    /allison\.db-wal is damaged at frame 61: the changes of \d+ or more commits.*--discard-damaged-log/,
  );
  expect(() => openDatabase(data, { create: false, auditKey: AUDIT_KEY })).toThrow(
    "--discard-damaged-log",
  );
  const linked = join(directory.path, "linked");
  mkdirSync(linked);
  symlinkSync(join(data, DATABASE_FILE), join(linked, DATABASE_FILE));
  for (const directoryOfCheck of [data, linked]) {
    using check = openIntegrityCheck(directoryOfCheck);
    expect(check.logDamage).toMatchObject({ frame: 61 });
  }
  const contacts = openCopy(data, { discardDamagedLog: true })!;
  expect(contacts).toBeGreaterThan(0);
  expect(contacts).toBeLessThan(CONTACTS);
  const copy = readdirSync(data).find((name) => name.startsWith(`${LOG}.damaged-`))!;
  expect(readFileSync(join(data, copy)).equals(bytes)).toBe(true);
  expect(statSync(join(data, copy)).mode & 0o777).toBe(0o600);
  expect(openCopy(data)).toBe(contacts);
});

test("the traces of a crash are no damage: a truncated log, or a last frame without its page", async () => {
  using directory = temporaryDirectory();
  const killed = join(directory.path, "killed");
  await leaveKilled(killed, CONTACTS);
  const whole = readFileSync(join(killed, LOG));
  const salts = whole.subarray(16, 24);
  const frameAt = (frame: number) => 32 + frame * FRAME_BYTES;
  let frames = 0;
  while (whole.subarray(frameAt(frames) + 8, frameAt(frames) + 16).equals(salts)) frames += 1;
  expect(whole.length).toBeGreaterThan(frameAt(frames + 1));
  // The header of the next frame is written before its page.
  const torn = Buffer.from(whole);
  torn.copy(torn, frameAt(frames), frameAt(frames - 1), frameAt(frames - 1) + 24);
  const data = join(directory.path, "torn");
  cpSync(killed, data, { recursive: true });
  writeFileSync(join(data, LOG), torn);
  expect(openCopy(data)).toBe(CONTACTS);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: frameAt(frames) }), (length) => {
      const cut = join(directory.path, `cut-${length}`);
      mkdirSync(cut, { recursive: true });
      cpSync(killed, cut, { recursive: true });
      // A power cut loses the end of the log together with its index.
      rmSync(join(cut, INDEX));
      truncateSync(join(cut, LOG), length);
      expect(openCopy(cut)).not.toBeNull();
      rmSync(cut, { recursive: true });
    }),
    { numRuns: 40 },
  );
}, 60_000);
