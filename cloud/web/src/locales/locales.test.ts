import { expect, test } from "vitest";
import ar from "./ar.json";
import en from "./en.json";

const PLURAL = /_(zero|one|two|few|many|other)$/;

/** Paths of all texts; the forms of a plural count as one, since languages have different ones. */
function keys(node: object, path = ""): string[] {
  return Object.entries(node).flatMap(([key, value]) =>
    typeof value === "string" ? [`${path}${key}`.replace(PLURAL, "_plural")] : keys(value, `${path}${key}.`),
  );
}

function texts(node: object, path = ""): [string, string][] {
  return Object.entries(node).flatMap(([key, value]) =>
    typeof value === "string" ? [[`${path}${key}`, value] as [string, string]] : texts(value, `${path}${key}.`),
  );
}

const placeholders = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((match) => match[1]).sort();

test("both languages have the same texts", () => {
  expect([...new Set(keys(ar))].sort()).toEqual([...new Set(keys(en))].sort());
});

test("every Arabic plural has all six forms", () => {
  const plurals = new Set(keys(en).filter((key) => key.endsWith("_plural")));
  expect(plurals.size).toBeGreaterThan(0);
  const arabic = new Map(texts(ar));
  for (const key of plurals) {
    for (const form of ["zero", "one", "two", "few", "many", "other"]) {
      expect(arabic.has(key.replace("_plural", `_${form}`)), `${key} ${form}`).toBe(true);
    }
  }
});

test("texts take the same values in both languages", () => {
  const english = new Map(texts(en));
  for (const [key, text] of texts(ar)) {
    if (!PLURAL.test(key)) expect(placeholders(text), key).toEqual(placeholders(english.get(key) ?? ""));
  }
});

test("no text is empty or left in English", () => {
  const same = new Set(["app.name", "language.en", "language.ar", "order.place_placeholder"]);
  const english = new Map(texts(en));
  for (const [key, text] of texts(ar)) {
    expect(text.trim(), key).not.toBe("");
    if (!same.has(key)) expect(text, key).not.toBe(english.get(key));
  }
});
