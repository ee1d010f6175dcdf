import { expect, goTo, logIn, test } from "./fixture";

test("a viewer sees everything and is offered no change", async ({ page, stack }) => {
  await logIn(page, await stack.addUser("viewer"));
  await goTo(page, "/");
  await expect(page.getByRole("row", { name: "LV-001" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Order a trip" })).toHaveCount(0);
  await goTo(page, "/vehicles/LV-001");
  await expect(page.getByText("Normal operation")).toBeVisible();
  await expect(page.getByRole("button", { name: "Emergency stop" })).toHaveCount(0);
  // Nor by typing the address.
  await goTo(page, "/?order");
  await expect(page.getByRole("button", { name: "Order trip" })).toHaveCount(0);
});

test("a safety officer stops vehicles and orders no trips", async ({ page, stack }) => {
  await logIn(page, await stack.addUser("safety-officer"));
  await goTo(page, "/vehicles/LV-001");
  await expect(page.getByRole("button", { name: "Emergency stop" })).toBeVisible();
  await goTo(page, "/trips");
  await expect(page.getByRole("link", { name: "Order a trip" })).toHaveCount(0);
});

test("a wrong password is refused, in words", async ({ page, stack }) => {
  await page.goto("/login");
  await page.getByLabel("User").fill(stack.admin.user_id);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("alert")).toHaveText("User or password is wrong.");
});

test("the session is in a cookie that scripts can't read, and ends with the log-out", async ({
  page,
  stack,
  context,
}) => {
  await logIn(page, stack.admin);
  const [cookie] = await context.cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict" });
  expect(await page.evaluate(() => document.cookie)).toBe("");
  await page.getByRole("button", { name: "User menu" }).click();
  await expect(page.getByText(/Administrator/)).toBeVisible();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  // The development profile goes on without a log-in.
  await page.getByRole("button", { name: "User menu" }).click();
  await expect(page.getByText("Development: acting without login")).toBeVisible();
});
