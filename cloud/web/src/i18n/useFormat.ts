import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { createFormat, type Format } from "./format";
import { type Language, LOCALES } from "./index";

export function useFormat(): Format {
  const { i18n } = useTranslation();
  return useMemo(() => createFormat(LOCALES[i18n.language as Language] ?? LOCALES.en), [i18n.language]);
}
