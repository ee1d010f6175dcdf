/** Reads the theme as it is now: canvas and map can't use custom properties themselves. */
export function readTokens(): (name: string) => string {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

export type Tokens = ReturnType<typeof readTokens>;
