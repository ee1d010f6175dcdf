import { useTranslation } from "react-i18next";
import { LinkButton } from "../ui/Button";
import { Empty } from "../ui/State";
import { Page } from "./Page";

export function NotFound() {
  const { t } = useTranslation();
  return (
    <Page title={t("not_found.title")}>
      <Empty title={t("not_found.text")}>
        <LinkButton href="/">{t("nav.live")}</LinkButton>
      </Empty>
    </Page>
  );
}
