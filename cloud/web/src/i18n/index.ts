import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import ar from "../locales/ar.json";
import en from "../locales/en.json";

export type Language = "en" | "ar";

/** Digits stay Latin in Arabic too, so that ids, plates and readings look the same on every screen. */
export const LOCALES: Record<Language, string> = { en: "en-GB", ar: "ar-AE-u-nu-latn" };

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

export function language(): Language {
  return i18next.language === "ar" ? "ar" : "en";
}

export function setLanguage(next: Language): void {
  localStorage.setItem("language", next);
  void i18next.changeLanguage(next);
}

i18next.on("languageChanged", (next) => {
  document.documentElement.lang = next;
  document.documentElement.dir = i18next.dir(next);
});

void i18next.use(initReactI18next).init({
  resources: { en: { translation: en }, ar: { translation: ar } },
  lng: document.documentElement.lang,
  fallbackLng: "en",
  interpolation: { escapeValue: false },
  showSupportNotice: false,
});

export { i18next };
