import { useTranslation } from "react-i18next";
import { useFormat } from "../i18n/useFormat";
import { useServerNow } from "../live/clock";
import { retryNow, useConnection } from "../live/connection";
import { Button } from "../ui/Button";

export function ConnectionIndicator() {
  const { t } = useTranslation();
  const { state } = useConnection();
  return (
    <span className="connection" data-state={state} title={t(`connection.${state}`)}>
      <span className="connection-text">{t(`connection.${state}`)}</span>
    </span>
  );
}

/** Says that what is shown is old, and how old. */
export function ConnectionBanner() {
  const { t } = useTranslation();
  const format = useFormat();
  const { lostAt } = useConnection();
  // For the tick of the age.
  useServerNow();
  if (lostAt === undefined) return null;
  return (
    <div className="banner" role="status">
      <span>{t("connection.banner", { ago: format.ago(Date.now() - lostAt) })}</span>
      <Button onPress={retryNow}>{t("connection.retry")}</Button>
    </div>
  );
}
