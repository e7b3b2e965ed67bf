/** Opens a data directory with the services on top of it. The command line uses no more. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInvitations, type Invitations } from "./access/invitations.ts";
import { createKeys, type Keys } from "./access/keys.ts";
import { createPasswords, type Passwords } from "./access/passwords.ts";
import { createSessions, type Sessions } from "./access/sessions.ts";
import type { KeyKind } from "./access/token.ts";
import { createUsers, type Users } from "./access/users.ts";
import {
  createVault,
  deriveKey,
  KEY_ENV,
  keepVaultKey,
  loadVaultKey,
  VAULT_KEY_BYTES,
  type Vault,
  type VaultKey,
} from "./access/vault.ts";
import { type Config, UsageError } from "./config.ts";
import { type Clock, systemClock } from "./lib/clock.ts";
import { createIds, type Ids } from "./lib/ids.ts";
import { parseCidr } from "./lib/ip.ts";
import { type Random, systemRandom } from "./lib/random.ts";
import { type BackgroundReader, createBackgroundReader } from "./store/background-reader.ts";
import { createStore, type Store } from "./store/change.ts";
import type { Db } from "./store/database.ts";
import type { Pace } from "./store/group-commit.ts";
import { type HealthOptions, type StorageHealth, UNWATCHED, watchStorage } from "./store/health.ts";
import { DATABASE_FILE, inspectDirectory, openDatabase } from "./store/open.ts";
import { createEgress, type Egress } from "./webhooks/egress.ts";

/** The environment of an appliance. A test replaces the clock; a mock derives its random bytes from a seed. */
export interface Environment extends HealthOptions {
  clock?: Clock;
  random?: Random;
  /** For request ids, so that the number of reads does not change the ids of rows. */
  requestRandom?: Random;
  /** The kind of keys that `/v1` accepts and the dashboard creates. Keys of a mock do not work on a real server. */
  apiKeyKind?: ApiKeyKind;
  /** The environment variable that holds the vault's key in place of the key file. */
  secretKey?: string | undefined;
  /** How writes make way for other processes; a command on the directory of a server yields. */
  pace?: () => Pace;
  /** The data is deleted when the process ends: nothing waits for the disk, and the vault's key is not stored. */
  isTemporary?: boolean;
}

/** An open data directory. */
export interface Appliance {
  /** The data is deleted when the process ends. */
  isTemporary: boolean;
  clock: Clock;
  random: Random;
  ids: Ids;
  db: Db;
  /** For reads that may take longer than the event loop can wait. */
  background: BackgroundReader;
  store: Store;
  /** Watched only where `create` is true: by a server, not by a command. */
  health: StorageHealth;
  keys: Keys;
  apiKeyKind: ApiKeyKind;
  users: Users;
  invitations: Invitations;
  sessions: Sessions;
  passwords: Passwords;
  vault: Vault;
  /** The key of the audit log's hashes. */
  auditKey: Uint8Array;
  egress: Egress;
  /** Waits for pending writes, checkpoints the write-ahead log into the file and closes it. */
  close(): Promise<void>;
}

export type ApiKeyKind = Exclude<KeyKind, "plat">;
/** In the executable this address is relative to its root, where `scripts/build` puts the module. */
const BACKGROUND_ENTRY = new URL("./background.ts", import.meta.url).href;

type ApplianceConfig = Pick<
  Config,
  "data" | "webhookAllow" | "webhookCa" | "newDatabase" | "discardDamagedLog"
>;

/** Opens a data directory. Throws a UsageError if it is foreign, damaged, newer than this program or not writable. */
export function openAppliance(
  config: ApplianceConfig,
  environment: Environment,
  create: boolean,
): Appliance {
  const { clock = systemClock, random = systemRandom, requestRandom = random } = environment;
  const { isTemporary = false } = environment;
  const egress = openEgress(config);
  const vaultKey = loadKeyOfVault(config, environment, random, create);
  const auditKey = vaultKey && deriveKey(vaultKey.bytes, "audit log");
  const writer = openDatabase(config.data, {
    ...config,
    create,
    auditKey: auditKey!,
    mayHaveUnkeyedRows: !vaultKey?.isLogKeyed,
    log: environment.log,
    isTemporary,
  });
  if (create && !isTemporary) keepVaultKey(config.data);
  const ids = createIds(clock, random, requestRandom);
  const health = create && !isTemporary ? watchStorage(writer, environment) : UNWATCHED;
  const store = createStore(writer, clock, ids, auditKey!, health, environment.pace);
  const vault = createVault(vaultKey!.bytes, random);
  const sessions = createSessions(store, clock, random);
  const users = createUsers(store, sessions.endAll, vault, random);
  const background = createBackgroundReader(store.db, BACKGROUND_ENTRY, health);
  return {
    isTemporary,
    clock,
    random,
    ids,
    db: store.db,
    background,
    store,
    health,
    keys: createKeys(store, clock, random),
    apiKeyKind: environment.apiKeyKind ?? "live",
    users,
    invitations: createInvitations(store.db, users, clock, random),
    sessions,
    passwords: createPasswords(),
    vault,
    auditKey: auditKey!,
    egress,
    async close() {
      await Promise.all([store.idle(), background.close()]);
      health.close(writer);
    },
  };
}

/** Runs before the database is created, so that an invalid key leaves no files. Null if no database will be created. */
function loadKeyOfVault(
  { data, newDatabase }: ApplianceConfig,
  { secretKey = process.env[KEY_ENV], isTemporary }: Environment,
  random: Random,
  create: boolean,
): VaultKey | null {
  if (isTemporary) return { bytes: random.bytes(VAULT_KEY_BYTES), isLogKeyed: true };
  const fresh = !existsSync(join(data, DATABASE_FILE));
  if (create) inspectDirectory(data, { create, newDatabase });
  return fresh && !create ? null : loadVaultKey(data, secretKey, random, fresh);
}

function openEgress({ webhookAllow, webhookCa }: ApplianceConfig): Egress {
  const ca = webhookCa === null ? null : readSettingFile("--webhook-ca", webhookCa);
  try {
    return createEgress({ allow: webhookAllow.map(parseCidr), ca });
  } catch (error) {
    throw new UsageError(`--webhook-ca cannot be used: ${(error as Error).message}.`);
  }
}

/** Reads the text file that a setting names. */
export function readSettingFile(setting: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(
      `${setting} names a file that cannot be read: ${(error as Error).message}.`,
    );
  }
}
