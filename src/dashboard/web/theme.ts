/** The look of the dashboard: one accent, system fonts, sizes on a grid of four pixels. */
import { createTheme, type MantineColorsTuple } from "@mantine/core";

/** Contrast of at least 4.5 to 1 on white from shade 7 on, on the dark page up to shade 4. */
const teal: MantineColorsTuple = [
  "#e9f8f6",
  "#cfeeea",
  "#a0ddd5",
  "#6fcbc0",
  "#45b8ab",
  "#229c8f",
  "#128377",
  "#0f766e",
  "#0b5f58",
  "#074842",
];

const dialog = {
  closeButtonProps: { "aria-label": "Close" },
  // Its header is none of the page's.
  attributes: { header: { role: "presentation" } },
};

export const theme = createTheme({
  colors: { brand: teal },
  primaryColor: "brand",
  primaryShade: { light: 7, dark: 8 },
  autoContrast: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", "Cascadia Code", "JetBrains Mono", Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: "650" },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Modal: { defaultProps: { ...dialog, centered: true } },
    Drawer: { defaultProps: dialog },
    Tooltip: {
      defaultProps: {
        openDelay: 300,
        withArrow: true,
        events: { hover: true, focus: true, touch: true },
      },
    },
  },
});
