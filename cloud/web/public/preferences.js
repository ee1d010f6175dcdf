// Runs before the first paint, so that nobody is dazzled by the other theme.
(() => {
  const root = document.documentElement;
  let theme;
  let language;
  try {
    theme = localStorage.getItem("theme");
    language = localStorage.getItem("language");
  } catch {
    // Storage may be forbidden: the system's theme and the browser's language then.
  }
  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "dark" : "light";
  const arabic = language ? language === "ar" : navigator.language.startsWith("ar");
  root.lang = arabic ? "ar" : "en";
  root.dir = arabic ? "rtl" : "ltr";
})();
