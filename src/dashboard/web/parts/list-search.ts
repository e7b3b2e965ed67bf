/** The search, filters and page of a list, kept in the address so that a link and the back button restore them. */
import { useNavigate, useSearch } from "@tanstack/react-router";

/** Search parameters by name. */
export type ListSearch = Record<string, string | undefined>;

/** The list's search parameters and a function that changes some of them. A change goes back to the first page. */
export function useListSearch(): [ListSearch, (changes: ListSearch) => void] {
  const search = useSearch({ strict: false }) as ListSearch;
  const navigate = useNavigate();
  const change = (changes: ListSearch) =>
    void navigate({
      to: ".",
      search: ((previous: ListSearch) =>
        withoutEmpty({ ...previous, cursor: undefined, ...changes })) as never,
      replace: !("cursor" in changes),
    });
  return [search, change];
}

const withoutEmpty = (search: ListSearch): ListSearch =>
  Object.fromEntries(
    Object.entries(search).filter(([, value]) => value !== undefined && value !== ""),
  );
