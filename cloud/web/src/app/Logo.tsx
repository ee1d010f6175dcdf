import { useTranslation } from "react-i18next";

export function Logo() {
  const { t } = useTranslation();
  return (
    <span className="logo">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" />
        <path d="M16 6 25 25l-9-4.5L7 25z" />
      </svg>
      <span>{t("app.name")}</span>
    </span>
  );
}
