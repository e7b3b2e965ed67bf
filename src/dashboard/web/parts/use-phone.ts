/** The width below which the dashboard uses its phone layout. */
import { useMediaQuery } from "@mantine/hooks";

/** Whether the viewport is as narrow as a phone's: lists show cards, filters collapse. */
export const usePhone = (): boolean =>
  useMediaQuery("(max-width: 48em)", undefined, { getInitialValueInEffect: false }) ?? false;
