import {
  QueryCache,
  QueryClient,
  queryOptions,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { ProblemError, request } from "./request";
import type {
  EmergencyStop,
  Incident,
  IncidentDetail,
  IncidentStatus,
  MapLayer,
  NewTrip,
  Place,
  RoutePreview,
  TelemetryPoint,
  Trip,
  TripItem,
  TripStatus,
  User,
  VehicleView,
} from "./types";

const TRIPS_PER_PAGE = 50;
const WAITING_MS = 3000;

/** The stream says when something changed, so nothing is asked for again by the clock. */
export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // The session has ended: asking who this is leads to the login page.
    onError: (error, { queryKey }) => {
      const ended = error instanceof ProblemError && error.status === 401 && queryKey[0] !== "me";
      if (ended) queryClient.invalidateQueries({ queryKey: me.queryKey });
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      retry: (failures, error) => !(error instanceof ProblemError) && failures < 2,
    },
  },
});

export const me = queryOptions({ queryKey: ["me"], queryFn: () => request<User>("GET", "/api/v1/me") });

export const vehicles = queryOptions({
  queryKey: ["vehicles"],
  queryFn: () => request<VehicleView[]>("GET", "/api/v1/vehicles"),
});

export const mapLayers = queryOptions({
  queryKey: ["map"],
  queryFn: () => request<{ layers: MapLayer[] }>("GET", "/api/v1/map").then((map) => map.layers),
});

/** One layer as GeoJSON, WGS84. */
export const mapLayerPath = (id: string) => `/api/v1/map/${encodeURIComponent(id)}`;

export function useTrips(status: TripStatus | undefined) {
  return useInfiniteQuery({
    queryKey: ["trips", status ?? "all"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: before }) => {
      const query = new URLSearchParams({ limit: String(TRIPS_PER_PAGE) });
      if (status) query.set("status", status);
      if (before) query.set("before", before);
      return request<TripItem[]>("GET", `/api/v1/trips?${query}`);
    },
    getNextPageParam: (page) => (page.length < TRIPS_PER_PAGE ? undefined : page.at(-1)?.created_at),
  });
}

const tripPath = (id: string) => `/api/v1/trips/${encodeURIComponent(id)}`;

export function useTrip(id: string | null | undefined) {
  return useQuery({
    queryKey: ["trip", id],
    queryFn: () => request<Trip>("GET", tripPath(id as string)),
    enabled: Boolean(id),
    // Why it waits changes without an event.
    refetchInterval: ({ state }) => (state.data?.waiting_because ? WAITING_MS : false),
  });
}

export function useOrderTrip() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ order, key }: { order: NewTrip; key: string }) =>
      request<Trip>("POST", "/api/v1/trips", order, { "Idempotency-Key": key }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["trips"] }),
  });
}

export function useCancelTrip(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) => request<Trip>("POST", `${tripPath(id)}/cancel`, { reason }),
    onSuccess: (trip) => client.setQueryData(["trip", id], trip),
  });
}

/** The route between two places before it is ordered. */
export function useRoutePreview(from: Place | undefined, to: Place | undefined) {
  const text = (place: Place | undefined) => (place ? `${place.lat},${place.lng}` : "");
  const query = new URLSearchParams({ from: text(from), to: text(to) });
  return useQuery({
    queryKey: ["preview", text(from), text(to)],
    queryFn: () => request<RoutePreview>("GET", `/svc/routing-service/route/diagnose?${query}`),
    enabled: Boolean(from && to),
    gcTime: 60_000,
  });
}

const vehiclePath = (id: string) => `/api/v1/vehicles/${encodeURIComponent(id)}`;

export function useTelemetry(id: string | undefined, timerange: string) {
  return useQuery({
    queryKey: ["telemetry", id, timerange],
    queryFn: () =>
      request<TelemetryPoint[]>("GET", `${vehiclePath(id as string)}/telemetry?timerange=${timerange}&limit=10000`),
    enabled: Boolean(id),
    refetchInterval: 30_000,
  });
}

export function useEmergencyStops(id: string) {
  return useQuery({
    queryKey: ["stops", id],
    queryFn: () => request<EmergencyStop[]>("GET", `${vehiclePath(id)}/emergency-stops`),
  });
}

function useStopMutation(id: string, action: "emergency-stop" | "release") {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) => request<EmergencyStop>("POST", `${vehiclePath(id)}/${action}`, { reason }),
    onSettled: () => client.invalidateQueries({ queryKey: ["stops", id] }),
  });
}

export const useStopVehicle = (id: string) => useStopMutation(id, "emergency-stop");
export const useReleaseVehicle = (id: string) => useStopMutation(id, "release");

export function useIncidents(status: IncidentStatus | undefined) {
  return useQuery({
    queryKey: ["incidents", status ?? "all"],
    queryFn: () => request<Incident[]>("GET", `/api/v1/incidents${status ? `?status=${status}` : ""}`),
  });
}

const incidentPath = (id: string) => `/api/v1/incidents/${encodeURIComponent(id)}`;

export function useIncident(id: string) {
  return useQuery({
    queryKey: ["incident", id],
    queryFn: () => request<IncidentDetail>("GET", incidentPath(id)),
  });
}

export function useChangeIncident(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: { status?: IncidentStatus; note?: string }) =>
      request<IncidentDetail>("POST", incidentPath(id), change),
    onSuccess: (incident) => {
      client.setQueryData(["incident", id], incident);
      client.invalidateQueries({ queryKey: ["incidents"] });
    },
  });
}

export function useLogIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (credentials: { user_id: string; password: string }) =>
      request<{ user: User }>("POST", "/api/v1/session", credentials),
    onSuccess: ({ user }) => {
      forgetAnswers(client);
      client.setQueryData(me.queryKey, user);
    },
  });
}

export function useLogOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => request<void>("DELETE", "/api/v1/session"),
    onSuccess: () => {
      forgetAnswers(client);
      return client.resetQueries({ queryKey: me.queryKey });
    },
  });
}

/** Another user may see something else. */
function forgetAnswers(client: QueryClient): void {
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== "me" });
}
