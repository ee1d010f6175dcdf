import { CircleUser, Languages, LogIn, LogOut, Moon, Sun } from "lucide-react";
import { Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useLogOut } from "../api/queries";
import { language, setLanguage } from "../i18n";
import { Button } from "../ui/Button";
import { ANONYMOUS, useUser } from "./session";
import { setTheme, useTheme } from "./theme";

export function UserMenu() {
  const { t } = useTranslation();
  const user = useUser();
  const logOut = useLogOut();
  const navigate = useNavigate();
  const theme = useTheme();
  const anonymous = user.user_id === ANONYMOUS;
  const otherLanguage = language() === "en" ? "ar" : "en";
  return (
    <MenuTrigger>
      <Button kind="quiet" className="icon-only" aria-label={t("user.menu")}>
        <CircleUser aria-hidden />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu">
          <MenuSection>
            <Header className="menu-header">
              {anonymous ? (
                t("user.development")
              ) : (
                <>
                  <bdi>{user.name || user.user_id}</bdi> · {t(`user.role.${user.role}`)}
                </>
              )}
            </Header>
            <MenuItem className="menu-item" onAction={() => setTheme(theme === "dark" ? "light" : "dark")}>
              {theme === "dark" ? <Sun aria-hidden /> : <Moon aria-hidden />}
              {t(theme === "dark" ? "theme.light" : "theme.dark")}
            </MenuItem>
            <MenuItem className="menu-item" onAction={() => setLanguage(otherLanguage)}>
              <Languages aria-hidden />
              <span lang={otherLanguage}>{t(`language.${otherLanguage}`)}</span>
            </MenuItem>
            {anonymous ? (
              <MenuItem className="menu-item" onAction={() => navigate("/login")}>
                <LogIn aria-hidden />
                {t("login.submit")}
              </MenuItem>
            ) : (
              <MenuItem className="menu-item" onAction={() => logOut.mutate()}>
                <LogOut aria-hidden />
                {t("user.log_out")}
              </MenuItem>
            )}
          </MenuSection>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
