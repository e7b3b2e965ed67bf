/**
 * Secrets at rest: AES-256-GCM with a key that is stored beside the database, not in it, so that a copy of the database
 * alone reveals none. The key is a file with mode 0600 in the data directory, or ALLISON_SECRET_KEY.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../config.ts";
import type { Random } from "../lib/random.ts";
import { KEY_FILE } from "../store/paths.ts";
import { replacePrivateFile } from "../store/private-files.ts";

export const VAULT_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const KEY_ENV = "ALLISON_SECRET_KEY";
/** Before the digits of a key that is newer than the keyed audit log. */
const KEYED_LOG_PREFIX = "v2:";

export interface VaultKey {
  bytes: Uint8Array;
  /**
   * The audit log had a key from its first row. The secret key says so, since the database could be replaced by one that
   * looks older than the keyed log.
   */
  isLogKeyed: boolean;
}

export interface Vault {
  /** Encrypts `text` for `purpose`; only the same purpose decrypts it. */
  seal(text: string, purpose: string): string;
  /** Throws when the text was altered, or was sealed for another purpose or with another key. */
  open(sealed: string, purpose: string): string;
}

export function createVault(key: Uint8Array, random: Random): Vault {
  return {
    seal(text, purpose) {
      const nonce = random.bytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(purpose));
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString("base64");
    },
    open(sealed, purpose) {
      const bytes = Buffer.from(sealed, "base64");
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES))
        .setAAD(Buffer.from(purpose))
        .setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
      const body = bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES);
      return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
    },
  };
}

/** A key for another purpose than the vault's own, by HKDF-SHA-256 (RFC 5869) with the purpose as `info`. */
export const deriveKey = (key: Uint8Array, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", key, "", `allison ${purpose}`, VAULT_KEY_BYTES));

/**
 * The vault's key: the text in ALLISON_SECRET_KEY, else from the data directory's key file, which the first start
 * creates. `mayCreate` is false for a directory with a database: a lost key file must be restored, not silently replaced
 * by one that decrypts nothing.
 */
export function loadVaultKey(
  dataDir: string,
  environment: string | undefined,
  random: Random,
  mayCreate: boolean,
): VaultKey {
  const file = join(dataDir, KEY_FILE);
  if (environment !== undefined && environment !== "") return parseKey(environment, KEY_ENV);
  if (existsSync(file)) return parseKey(readKeyFile(file).trim(), file);
  const staged = stagedFile(file);
  if (!mayCreate && existsSync(staged)) return parseKey(readKeyFile(staged).trim(), staged);
  if (!mayCreate) {
    throw new UsageError(
      `The key file ${file} is missing: it decrypts the webhook secrets in the database. Restore it from a backup, or set ${KEY_ENV} to its content.`,
    );
  }
  const bytes = random.bytes(VAULT_KEY_BYTES);
  replacePrivateFile(staged, `${KEYED_LOG_PREFIX}${Buffer.from(bytes).toString("hex")}\n`);
  return { bytes, isLogKeyed: true };
}

/**
 * Gives the key of a first start its name, once the database exists. Until then another name shows that there never was a
 * database: a key file without one means that the database was lost.
 */
export function keepVaultKey(dataDir: string): void {
  const file = join(dataDir, KEY_FILE);
  if (!existsSync(stagedFile(file)) || existsSync(file)) return;
  renameSync(stagedFile(file), file);
  const parent = openSync(dataDir, "r");
  fsyncSync(parent);
  closeSync(parent);
}

const stagedFile = (file: string) => `${file}.new`;

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`The key file ${file} cannot be read: ${(error as Error).message}.`);
  }
}

function parseKey(text: string, source: string): VaultKey {
  const isLogKeyed = text.startsWith(KEYED_LOG_PREFIX);
  const digits = isLogKeyed ? text.slice(KEYED_LOG_PREFIX.length) : text;
  if (!/^[0-9a-f]{64}$/i.test(digits)) {
    throw new UsageError(
      `${source} must hold 64 hexadecimal digits (32 bytes), with or without "${KEYED_LOG_PREFIX}" before them.`,
    );
  }
  return { bytes: Buffer.from(digits, "hex"), isLogKeyed };
}
