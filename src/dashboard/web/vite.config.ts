/** Builds the dashboard's pages; scripts/build calls it. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  // The server puts a new one into each answer.
  html: { cspNonce: "{{nonce}}" },
  build: {
    modulePreload: { polyfill: false },
    // Everything is a file of its own: the policy of the pages allows no data inside scripts and styles.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1_000,
    target: "es2023",
  },
});
