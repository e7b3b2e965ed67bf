/** Every page says that changes cannot be saved while the storage accepts none. */
import { expect, test } from "bun:test";
import { startTestServer } from "../../support/harness.ts";
import { setUpPages } from "../../support/pages.ts";

let reserve = 0;
const setup = setUpPages(() => startTestServer({ diskReserve: () => reserve }));

test("a banner appears on the open page while the disk is almost full, and goes when there is space", async () => {
  await using it = await setup.open();
  await it.open("/contacts");
  const banner = it.page.getByText("Changes cannot be saved");
  // More than any disk has.
  reserve = 2 ** 60;
  await banner.waitFor();
  await it.page.getByText("The disk is almost full").waitFor();
  await it.checkAccess();
  reserve = 0;
  await banner.waitFor({ state: "hidden" });
  it.check();
  expect(await banner.count()).toBe(0);
});
