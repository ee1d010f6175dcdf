import { useQuery } from "@tanstack/react-query";
import { CarFront, Map as MapIcon, Route as RouteIcon, Search, TriangleAlert } from "lucide-react";
import { Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { NavLink, Outlet } from "react-router";
import { useIncidents, vehicles } from "../api/queries";
import { connect } from "../live/connection";
import { vehicleStore } from "../live/store";
import { Button } from "../ui/Button";
import { Skeleton } from "../ui/State";
import { CommandPalette } from "./CommandPalette";
import { ConnectionBanner, ConnectionIndicator } from "./ConnectionStatus";
import { Logo } from "./Logo";
import { UserMenu } from "./UserMenu";
import "./shell.css";

export function Shell() {
  const { t } = useTranslation();
  const [palette, setPalette] = useState(false);
  useLiveData();
  useHotkey(() => setPalette((open) => !open));
  return (
    <div className="shell">
      <a className="skip-link" href="#main">
        {t("nav.skip")}
      </a>
      <header className="topbar">
        <Logo />
        <Button
          className="search-button"
          icon={<Search aria-hidden />}
          onPress={() => setPalette(true)}
          aria-label={t("palette.open")}
        >
          <span className="search-text">{t("palette.open")}</span>
          <kbd dir="ltr">Ctrl K</kbd>
        </Button>
        <ConnectionIndicator />
        <UserMenu />
      </header>
      <Navigation />
      <main id="main" className="main" tabIndex={-1}>
        <ConnectionBanner />
        <Suspense fallback={<Skeleton lines={6} />}>
          <Outlet />
        </Suspense>
      </main>
      <CommandPalette isOpen={palette} onClose={() => setPalette(false)} />
    </div>
  );
}

function Navigation() {
  const { t } = useTranslation();
  const open = useIncidents("open").data?.length ?? 0;
  return (
    <nav className="nav" aria-label={t("nav.label")}>
      <NavLink to="/" end>
        <MapIcon aria-hidden />
        {t("nav.live")}
      </NavLink>
      <NavLink to="/trips">
        <RouteIcon aria-hidden />
        {t("nav.trips")}
      </NavLink>
      <NavLink to="/vehicles">
        <CarFront aria-hidden />
        {t("nav.vehicles")}
      </NavLink>
      <NavLink to="/incidents">
        <TriangleAlert aria-hidden />
        {t("nav.incidents")}
        {open > 0 && (
          <>
            <span className="nav-count" aria-hidden>
              {open}
            </span>
            <span className="visually-hidden">{t("nav.open_incidents", { count: open })}</span>
          </>
        )}
      </NavLink>
    </nav>
  );
}

/** The list of vehicles comes once, their states by the stream. */
function useLiveData(): void {
  const { data } = useQuery(vehicles);
  useEffect(() => {
    if (data) vehicleStore.setAll(data);
  }, [data]);
  useEffect(() => connect(), []);
}

function useHotkey(onPress: () => void): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        onPress();
      }
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, [onPress]);
}
