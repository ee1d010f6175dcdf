import { expect, goTo, logIn, test } from "./fixture";

test("an emergency stop takes two presses, its release two people", async ({ browser, stack, baseURL }) => {
  const [first, second] = [await stack.addUser("fleet-operator"), await stack.addUser("safety-officer")];
  const page = await browser.newPage({ baseURL: baseURL ?? "" });
  await logIn(page, first);
  await goTo(page, "/vehicles/LV-005");

  await page.getByRole("button", { name: "Emergency stop" }).click();
  const dialog = page.getByRole("alertdialog");
  await expect(dialog).toContainText("brakes the vehicle at once");
  // The dialog takes nothing in its first moments.
  await page.waitForTimeout(500);
  await dialog.getByRole("button", { name: "Stop: Obstacle" }).click();

  const evidence = page.getByRole("list", { name: "Evidence of each step" });
  for (const step of ["Requested", "Taken by the vehicle", "Vehicle is stopping", "Vehicle stands"]) {
    await expect(evidence.getByText(step)).toBeVisible({ timeout: 30_000 });
  }
  await expect(page.locator("h1")).toContainText("Stopped");
  await expect(page.getByText("An emergency stop was called.")).toBeVisible();

  await agree(page, "looked at the camera");
  await expect(page.getByText("1 of 2 agreed.")).toBeVisible();
  await expect(page.getByText(`${first.user_id} agreed at`)).toBeVisible();
  await expect(page.getByRole("button", { name: "Agree to release" })).toHaveCount(0);

  const other = await browser.newPage({ baseURL: baseURL ?? "" });
  await logIn(other, second);
  await goTo(other, "/vehicles/LV-005");
  await expect(other.getByText("1 of 2 agreed.")).toBeVisible();
  await agree(other, "the lane is clear");
  await expect(other.locator("summary").getByText("Released")).toBeVisible();
  await expect(page.locator("summary").getByText("Released")).toBeVisible();
  await expect(page.locator("h1")).not.toContainText("Stopped", { timeout: 30_000 });
  await page.close();
  await other.close();
});

async function agree(page: import("@playwright/test").Page, reason: string): Promise<void> {
  await page.getByRole("button", { name: "Agree to release" }).click();
  const dialog = page.getByRole("alertdialog");
  await expect(dialog.getByRole("button", { name: "Agree to release" })).toBeDisabled();
  await dialog.getByLabel("What was checked").fill(reason);
  await dialog.getByRole("button", { name: "Agree to release" }).click();
  await expect(dialog).toHaveCount(0);
}

test("a double click on the emergency stop does not choose a reason", async ({ page }) => {
  await goTo(page, "/vehicles/LV-006");
  await page.getByRole("button", { name: "Emergency stop" }).click();
  await page.getByRole("button", { name: "Stop: Obstacle" }).click({ timeout: 350, force: true });
  await expect(page.getByRole("alertdialog")).toBeVisible();
  await page.getByRole("button", { name: "Don't stop" }).click();
  await expect(page.getByText("No emergency stops")).toBeVisible();
});

test("the incident of a stop is acknowledged, noted and resolved", async ({ page, stack }) => {
  await stack.call("POST", "/api/v1/vehicles/LV-007/emergency-stop", { reason: "road_hazard" });
  await goTo(page, "/incidents?status=open");
  await page.getByRole("link", { name: /LV-007/ }).click();
  await page.getByRole("button", { name: "Acknowledge" }).click();
  await expect(page.locator("h1").getByText("Acknowledged")).toBeVisible();
  await page.getByLabel("New note").fill("a tyre on the road");
  await page.getByRole("button", { name: "Add note" }).click();
  await expect(page.getByRole("listitem").getByText("a tyre on the road")).toBeVisible();
  await page.getByRole("button", { name: "Resolve" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("What was found and done").fill("taken away");
  await dialog.getByRole("button", { name: "Resolve" }).click();
  await expect(page.locator("h1").getByText("Resolved")).toBeVisible();
  await expect(page.getByRole("button", { name: "Acknowledge" })).toHaveCount(0);
});
