import { DESTINATION, expect, goTo, PICKUP, test } from "./fixture";

test("a whole trip by keyboard alone", async ({ page }) => {
  await goTo(page, "/");
  // From the command palette to the order.
  await page.keyboard.press("Control+k");
  await page.keyboard.type("order");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/order/);
  await expect(page.getByRole("combobox", { name: /Pickup/ })).toBeVisible();
  await tabTo(page, /Pickup/);
  await page.keyboard.type(PICKUP);
  await page.keyboard.press("Escape");
  await tabTo(page, /Destination/);
  await page.keyboard.type(DESTINATION);
  await page.keyboard.press("Escape");
  await tabTo(page, /Passengers/);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/trips\/trip_/);
  await expect(page.getByText("Passengers").locator("..")).toContainText("2");
  await expect(page.getByRole("list", { name: "Timeline" }).getByText("Completed")).toBeVisible({ timeout: 150_000 });
});

test("an emergency stop by keyboard alone", async ({ page }) => {
  await goTo(page, "/vehicles/LV-008");
  await tabTo(page, /^Emergency stop$/);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Stop: Obstacle" })).toBeFocused();
  await page.waitForTimeout(500);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("list", { name: "Evidence of each step" }).getByText("Requested")).toBeVisible();
});

test("the first stop of the keyboard leads past the navigation", async ({ page }) => {
  await goTo(page, "/trips");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("main")).toBeFocused();
});

/** Presses Tab until what has this name is in focus, if it is not already. */
async function tabTo(page: import("@playwright/test").Page, name: RegExp): Promise<void> {
  for (let presses = 0; presses < 100; presses++) {
    const label = await page.evaluate(() => {
      const element = document.activeElement as HTMLInputElement;
      return element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent ?? "";
    });
    if (name.test(label.trim())) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never came to ${name}`);
}
