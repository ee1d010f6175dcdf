import { createContext, useContext } from "react";
import type { Permission, User } from "../api/types";

export const SessionContext = createContext<User | undefined>(undefined);

export function useUser(): User {
  const user = useContext(SessionContext);
  if (!user) throw new Error("there is no session here");
  return user;
}

/** Whether the user may do it; what they may not is not offered. */
export function useMay(permission: Permission): boolean {
  return useUser().permissions.includes(permission);
}

/** The development profile lets requests without a login act as an operator. */
export const ANONYMOUS = "anonymous";
