import type { Problem } from "./types";

/** The service answered with a problem document (RFC 9457). */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }

  get status(): number {
    return this.problem.status;
  }

  /** Its word for programs, e.g. `outside-service-area`. */
  get kind(): string {
    return this.problem.type.split(":").at(-1) ?? "";
  }
}

/** The service did not answer. */
export class UnreachableError extends Error {}

/** Asks the fleet service; throws `ProblemError` or `UnreachableError`. */
export async function request<T>(method: string, path: string, body?: unknown, headers?: HeadersInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch (cause) {
    throw new UnreachableError(`${method} ${path}`, { cause });
  }
  if (!response.ok) throw await refusal(response);
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

async function refusal(response: Response): Promise<Error> {
  const type = response.headers.get("content-type") ?? "";
  if (type.includes("json")) return new ProblemError(await response.json());
  // A proxy in between that has lost the service.
  if (response.status >= 500) return new UnreachableError(response.statusText);
  const { status, statusText } = response;
  return new ProblemError({ type: "about:blank", title: statusText, status, detail: statusText, trace_id: "" });
}
