import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The fleet service that `npm run dev` and `npx vite preview` talk to.
const server = process.env.FLEETD ?? "http://127.0.0.1:8080";
const paths = ["/api", "/svc", "/websocket", "/openapi.json"];
const proxy = Object.fromEntries(paths.map((path) => [path, { target: server, ws: true }]));

export default defineConfig({
  plugins: [react()],
  server: { host: "127.0.0.1", proxy },
  preview: { host: "127.0.0.1", proxy },
  build: {
    // Without inlined assets, so that `default-src 'self'` is enough.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
  },
  test: { include: ["src/**/*.test.ts"] },
});
