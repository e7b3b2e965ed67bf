/**
 * Certificates for receivers in tests, all made once and kept as files, so that a test needs neither
 * a tool nor the network. The keys are public: they protect nothing. All but `expired` are valid
 * from 2020 to 2120.
 *
 * To make them again: a P-256 key each, `authority` signs `server`, `other` and `expired` with the
 * names below as subjectAltName, `self-signed` signs itself (openssl ca -startdate -enddate).
 */
import { readFileSync } from "node:fs";

export interface Certificate {
  /** Both as PEM text, as `tls.createServer` takes them. */
  cert: string;
  key: string;
}

/** The name the certificates are for, beside `localhost`, 127.0.0.1 and ::1. No DNS knows it. */
export const CERTIFIED_NAME = "hooks.example.com";

const file = (name: string) =>
  readFileSync(new URL(`./fixtures/${name}`, import.meta.url).pathname, "utf8");

const load = (name: string): Certificate => ({
  cert: file(`${name}.crt`),
  key: file(`${name}.key`),
});

/** The private authority that signed all but `selfSigned`, as PEM text: what --webhook-ca is given. */
export const authority = file("authority.crt");

/** In order: for `CERTIFIED_NAME`, localhost, 127.0.0.1 and ::1. */
export const valid = load("server");

/** Signed by the authority, for other.example.com only. */
export const wrongName = load("other");

/** Signed by the authority for the names of `valid`, from 2020 until 1 January 2021. */
export const expired = load("expired");

/** For the names of `valid`, signed by itself. */
export const selfSigned = load("self-signed");
