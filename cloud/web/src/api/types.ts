import type { components } from "../../generated/api";

type Schemas = components["schemas"];

export type EmergencyStop = Schemas["StopView"];
export type FleetEvent = Schemas["Event"];
export type Incident = Schemas["Incident"];
export type IncidentDetail = Schemas["IncidentView"];
export type IncidentStatus = Schemas["Status"];
export type LiveVehicle = Schemas["LiveVehicle"];
export type NewTrip = Schemas["NewTrip"];
export type Permission = Schemas["Permission"];
export type Place = Schemas["Place"];
export type Problem = Schemas["Problem"];
export type Route = Schemas["RouteSummary"];
export type RoutePreview = Schemas["Diagnosis"];
export type TelemetryPoint = Schemas["Kept"];
export type Transition = Schemas["Transition"];
export type Trip = Schemas["TripView"];
export type TripItem = Schemas["TripItem"];
export type TripStatus = Schemas["TripStatus"];
export type User = Schemas["UserView"];
export type VehicleView = Schemas["VehicleView"];

/** A layer of the map that the fleet service draws. */
export type MapLayer = Omit<Schemas["Layer"], "kind" | "bounds"> & {
  kind: Schemas["Kind"] | "areas";
  /** West, south, east, north; degrees. */
  bounds: [number, number, number, number];
};
