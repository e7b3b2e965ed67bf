/** Output of commands: a program that reads it slowly, or not at all, does not fill the memory of the command. */
import { expect, test } from "bun:test";
import { SUPPORT } from "../support/store.ts";

const LINES = 10_000;

test("long output is produced only as fast as it is read, and is complete", async () => {
  const script = `
    import { printLines } from "../../src/cli/terminal.ts";
    let taken = 0;
    function* lines() {
      while (taken < ${LINES}) yield String(taken++).padEnd(1_024, "x");
    }
    setImmediate(() => console.error(taken));
    await printLines(lines());`;
  const child = Bun.spawn([process.execPath, "-e", script], {
    cwd: SUPPORT,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const output = child.stdout.getReader();
  const taken = Number(new TextDecoder().decode((await child.stderr.getReader().read()).value));
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(LINES / 2);
  let text = "";
  for (let part = await output.read(); !part.done; part = await output.read())
    text += new TextDecoder().decode(part.value);
  const numbers = text
    .trimEnd()
    .split("\n")
    .map((line) => Number(line.replace(/x+$/, "")));
  expect(numbers).toEqual(Array.from({ length: LINES }, (_, n) => n));
  expect(await child.exited).toBe(0);
});
