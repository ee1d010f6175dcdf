import { expect, test } from "vitest";
import { validApprovals } from "./release";

const at = (minute: number) => `2026-01-01T10:${String(minute).padStart(2, "0")}:00Z`;
const approved = (actor: string, minute: number) => ({ step: "release_approved", actor, at: at(minute), detail: "" });

test("one person counts once, with the newest time", () => {
  const steps = [approved("amal", 0), approved("amal", 2)];
  expect(validApprovals({ steps }, Date.parse(at(3)))).toEqual([{ user: "amal", at: at(2) }]);
});

test("agreements end after ten minutes, other steps are none", () => {
  const steps = [approved("amal", 0), { ...approved("omar", 5), step: "standing" }, approved("sara", 5)];
  expect(validApprovals({ steps }, Date.parse(at(11)))).toEqual([{ user: "sara", at: at(5) }]);
});
