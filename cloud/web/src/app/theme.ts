import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark";

const root = document.documentElement;
const listeners = new Set<() => void>();

export function theme(): Theme {
  return root.dataset.theme === "dark" ? "dark" : "light";
}

export function setTheme(next: Theme): void {
  localStorage.setItem("theme", next);
  root.dataset.theme = next;
  for (const listener of listeners) listener();
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, theme);
}
