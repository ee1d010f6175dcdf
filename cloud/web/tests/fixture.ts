import { test as base, expect, type Page } from "@playwright/test";
import { type Account, Stack } from "./stack";

export { expect };

interface Options {
  language: "en" | "ar";
  theme: "light" | "dark";
}

/** Tests in a browser that looks at a real fleet. */
export const test = base.extend<Options, { stack: Stack }>({
  stack: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of what is needed from here
    async ({}, use) => {
      const stack = await Stack.start();
      await use(stack);
      await stack.end();
    },
    { scope: "worker", timeout: 240_000 },
  ],
  // Pages that are not built in yet: `FLEETD=http://127.0.0.1:9000 npm run dev`, with STACK_PORT=9000 here.
  baseURL: async ({ stack }, use) => use(process.env.BASE_URL ?? stack.url),
  language: ["en", { option: true }],
  theme: ["light", { option: true }],
  page: async ({ page, language, theme }, use) => {
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    await page.addInitScript(
      (preferences) => {
        for (const [name, value] of Object.entries(preferences)) {
          if (localStorage.getItem(name) === null) localStorage.setItem(name, value);
        }
      },
      { language, theme },
    );
    await use(page);
    expect(problems, "errors that nothing on the page handled").toEqual([]);
  },
});

/** Two places on the roads of the light vehicles, some minutes apart. */
export const PICKUP = "24.4540, 54.4180";
export const DESTINATION = "24.4290, 54.4480";

export async function logIn(page: Page, { user_id, password }: Account): Promise<void> {
  await page.goto("/login");
  await page.getByLabel("User").fill(user_id);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page).not.toHaveURL(/login/);
}

export async function goTo(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.locator("h1")).toBeAttached();
  await expect(page.locator(".skeleton")).toHaveCount(0);
}
