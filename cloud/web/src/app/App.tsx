import { useQuery } from "@tanstack/react-query";
import { lazy } from "react";
import { I18nProvider, RouterProvider } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Route, Routes, useHref, useNavigate } from "react-router";
import { me } from "../api/queries";
import { ProblemError } from "../api/request";
import { type Language, LOCALES } from "../i18n";
import { Failure, Skeleton } from "../ui/State";
import { Toasts } from "../ui/toast";
import { LoginPage } from "./LoginPage";
import { NotFound } from "./NotFound";
import { Shell } from "./Shell";
import { SessionContext } from "./session";

const LivePage = lazy(() => import("../pages/live/LivePage"));
const TripsPage = lazy(() => import("../pages/trips/TripsPage"));
const TripPage = lazy(() => import("../pages/trips/TripPage"));
const VehiclesPage = lazy(() => import("../pages/vehicles/VehiclesPage"));
const VehiclePage = lazy(() => import("../pages/vehicles/VehiclePage"));
const IncidentsPage = lazy(() => import("../pages/incidents/IncidentsPage"));
const IncidentPage = lazy(() => import("../pages/incidents/IncidentPage"));

export function App() {
  const { i18n } = useTranslation();
  return (
    <I18nProvider locale={LOCALES[i18n.language as Language]}>
      <RouterProvider navigate={useNavigate()} useHref={useHref}>
        <Session />
        <Toasts />
      </RouterProvider>
    </I18nProvider>
  );
}

/** The pages for whom the service knows, the login page for others. */
function Session() {
  const { data: user, error, refetch } = useQuery(me);
  if (error instanceof ProblemError && error.status === 401) return <LoginPage />;
  if (error && !user) return <Failure error={error} onRetry={refetch} />;
  if (!user) return <Skeleton />;
  return (
    <SessionContext value={user}>
      <Routes>
        <Route path="/login" element={<LoginPage />} />
        <Route element={<Shell />}>
          <Route index element={<LivePage />} />
          <Route path="trips" element={<TripsPage />} />
          <Route path="trips/:id" element={<TripPage />} />
          <Route path="vehicles" element={<VehiclesPage />} />
          <Route path="vehicles/:id" element={<VehiclePage />} />
          <Route path="incidents" element={<IncidentsPage />} />
          <Route path="incidents/:id" element={<IncidentPage />} />
          <Route path="*" element={<NotFound />} />
        </Route>
      </Routes>
    </SessionContext>
  );
}
