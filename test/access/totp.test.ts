/** The second factor: the codes of RFC 6238, and which codes are accepted when. */
import { expect, test } from "bun:test";
import {
  newRecoveryCode,
  newTotpSecret,
  otpauthUrl,
  recoveryHash,
  totpStep,
} from "../../src/access/totp.ts";
import { systemRandom } from "../../src/lib/random.ts";
import { codeAt } from "../support/dashboard.ts";

/** "12345678901234567890" in base 32, the secret of RFC 6238's appendix B. */
const RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

// The last six of the appendix's eight digits.
test.each([
  [59, "287082"],
  [1_111_111_109, "081804"],
  [1_111_111_111, "050471"],
  [1_234_567_890, "005924"],
  [2_000_000_000, "279037"],
  [20_000_000_000, "353130"],
])("at %d seconds the code is %s, as in RFC 6238", (seconds, code) => {
  expect(totpStep(code, RFC_SECRET, seconds * 1_000)).toBe(Math.floor(seconds / 30));
});

test("a code is accepted one step before and after its own, not two", () => {
  const now = 1_700_000_010_000;
  const step = Math.floor(now / 30_000);
  for (const off of [-2, -1, 0, 1, 2]) {
    const code = codeAt(RFC_SECRET, now + off * 30_000);
    expect([off, totpStep(code, RFC_SECRET, now)]).toEqual([
      off,
      Math.abs(off) <= 1 ? step + off : null,
    ]);
  }
});

test("anything but six digits is refused", () => {
  for (const code of [
    "",
    "12345",
    "1234567",
    "28708 2",
    "abcdef",
    "２８７０８２",
    "-28708",
    "2e7082",
  ])
    expect([code, totpStep(code, RFC_SECRET, 59_000)]).toEqual([code, null]);
});

test("secrets have 160 random bits, and the otpauth URL contains every parameter", () => {
  const secrets = Array.from({ length: 50 }, () => newTotpSecret(systemRandom));
  expect(new Set(secrets).size).toBe(50);
  for (const secret of secrets) expect(secret).toMatch(/^[A-Z2-7]{32}$/);
  const url = new URL(otpauthUrl(RFC_SECRET, "maria@example.com", "Allison (A & B: Co)"));
  expect([url.protocol, url.host]).toEqual(["otpauth:", "totp"]);
  expect(Object.fromEntries(url.searchParams)).toEqual({
    issuer: "Allison (A & B: Co)",
    secret: RFC_SECRET,
    algorithm: "SHA1",
    digits: "6",
    period: "30",
  });
});

test("recovery codes differ, and case, spaces and dashes do not matter", () => {
  const codes = Array.from({ length: 200 }, () => newRecoveryCode(systemRandom));
  expect(new Set(codes).size).toBe(200);
  for (const code of codes) {
    expect(code).toMatch(/^(?:[0-9a-hjkmnp-tv-z]{5}-){2}[0-9a-hjkmnp-tv-z]{5}$/);
    expect(recoveryHash(` ${code.toUpperCase().replaceAll("-", " ")} `)).toBe(recoveryHash(code));
  }
});
