/** Every page on a phone in the dark color scheme. */
import { testEveryPage } from "./every-page.ts";

testEveryPage({ colorScheme: "dark", viewport: { width: 390, height: 800 } });
