// The notebook's widget: one ES module that holds everything, its style too.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [svelte({ emitCss: false, compilerOptions: { css: "injected" } })],
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    outDir: "../src/moreish/studio/built",
    emptyOutDir: false, // the page is there
    target: "es2022",
    lib: { entry: "src/widget/widget.ts", formats: ["es"], fileName: () => "widget.js" },
  },
});
